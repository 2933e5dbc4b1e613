using System.Text.Json;
using Muster.Conformance.Mcp;
using Muster.Contracts.Fleet;
using Muster.Runner.Builtin;
using Muster.Runner.Executors;
using Muster.Runner.Mcp;
using Muster.Runner.Tests.Executors;

namespace Muster.Runner.Tests.Mcp;

/// <summary>A host's data folder with declarations, approvals and secrets, and an attempt that uses them.</summary>
internal sealed class McpStage : IDisposable
{
    private readonly TempFolder _data = new();
    private readonly TempFolder _shipped = new();
    private readonly Attempts _attempts = new();

    public McpStage()
    {
        Catalog = new McpCatalog(_data.Path, _shipped.Path);
        Attempt = _attempts.Make(new AgentDefinition { Executor = Contracts.Fleet.Executors.Builtin });
    }

    public McpCatalog Catalog { get; }

    public Attempt Attempt { get; }

    public IEnumerable<string> Log => _attempts.Log;

    public string Data => _data.Path;

    public string Shipped => _shipped.Path;

    public string Repository => _attempts.Folder;

    public string this[string name] => Path.Combine(_data.Path, name);

    public void Declare(string yaml) => File.WriteAllText(Catalog.FleetFile, yaml);

    /// <summary>Declares the badly behaved server in one of its ways.</summary>
    public void DeclareHostile(string mode, string more = "") => Declare(
        $$"""
        servers:
          bad:
            command: ["{{NodeTools.NewNode}}", "{{NodeTools.Script("hostile.mjs")}}", "{{mode}}", "{{this["mark"]}}"]
            timeout: 5
            {{more}}
        """);

    public void Secret(string name, string value)
    {
        var file = Path.Combine(Directory.CreateDirectory(this["secrets"]).FullName, name);
        File.WriteAllText(file, value);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    public async Task<IReadOnlyList<PinnedTool>> ApproveAsync(string server)
    {
        var declared = Catalog.Fleet().Single(one => one.Name == server);
        var tools = await Catalog.LookAsync(declared, CancellationToken.None);
        Catalog.Pins.Approve(declared, tools, DateTimeOffset.UnixEpoch);
        return tools;
    }

    public Task<IToolSession> OpenAsync(string? role = null) => new McpToolSource(Catalog, role).OpenAsync(Attempt, CancellationToken.None);

    public static JsonElement Arguments(object arguments) => JsonSerializer.SerializeToElement(arguments);

    public void Dispose()
    {
        _attempts.Dispose();
        _data.Dispose();
        _shipped.Dispose();
    }
}
