using System.Text.Json;
using Muster.Contracts;

namespace Muster.Runner.Mcp;

/// <summary>A tool as it was when a person approved it.</summary>
public sealed record PinnedTool
{
    public required string Name { get; init; }
    public string Description { get; init; } = "";
    public required JsonElement InputSchema { get; init; }
}

/// <summary>What a person approved: this declaration, with these tools.</summary>
public sealed record McpPin
{
    public required string Server { get; init; }

    /// <summary><see cref="McpServer.Fingerprint"/> of what was approved.</summary>
    public required string Declaration { get; init; }

    /// <summary>Hash of the tool list; see <see cref="McpPins.HashOf"/>.</summary>
    public required string ToolsHash { get; init; }
    public required IReadOnlyList<PinnedTool> Tools { get; init; }
    public required DateTimeOffset ApprovedAt { get; init; }
}

/// <summary>The approvals of one host, in a file that only its owner writes. Nothing of a server is offered, or started, without one.</summary>
/// <param name="path">The file.</param>
public sealed class McpPins(string path)
{
    public string Path { get; } = path;

    /// <exception cref="McpSetupException">The file is there and cannot be read.</exception>
    public IReadOnlyList<McpPin> Read()
    {
        if (!File.Exists(Path)) return [];
        try
        {
            return JsonSerializer.Deserialize<List<McpPin>>(File.ReadAllText(Path), Wire.Json) ?? [];
        }
        catch (JsonException wrong)
        {
            throw new McpSetupException($"{Path} cannot be read: {wrong.Message} Delete it and approve again.", wrong);
        }
    }

    /// <summary>The approval of this very declaration; null when there is none.</summary>
    public McpPin? Find(McpServer server) => Read().FirstOrDefault(pin => pin.Server == server.Name && pin.Declaration == server.Fingerprint());

    public void Approve(McpServer server, IReadOnlyList<PinnedTool> tools, DateTimeOffset now)
    {
        var pin = new McpPin { Server = server.Name, Declaration = server.Fingerprint(), ToolsHash = HashOf(tools), Tools = tools, ApprovedAt = now };
        Write([.. Read().Where(old => old.Server != pin.Server || old.Declaration != pin.Declaration), pin]);
    }

    /// <summary>Takes all approvals of a name back; how many there were.</summary>
    public int Revoke(string server)
    {
        var pins = Read();
        Write([.. pins.Where(pin => pin.Server != server)]);
        return pins.Count(pin => pin.Server == server);
    }

    /// <summary>All that a model is told of the tools, in one order: a changed word changes it.</summary>
    public static string HashOf(IEnumerable<PinnedTool> tools) => McpServer.Hash(string.Join('\n',
        tools.OrderBy(tool => tool.Name, StringComparer.Ordinal).Select(tool => $"{tool.Name}\t{JsonSerializer.Serialize(tool.Description)}\t{Canonical.Of(tool.InputSchema)}")));

    private void Write(IReadOnlyList<McpPin> pins)
    {
        var draft = $"{Path}.{Environment.ProcessId}.new";
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        PrivateFile.Write(draft, JsonSerializer.Serialize(pins, Wire.Indented));
        File.Move(draft, Path, overwrite: true);
    }
}
