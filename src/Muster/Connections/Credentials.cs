using System.Text.Json;
using Muster.Contracts;

namespace Muster.Connections;

/// <summary>A plane that this person may talk to, as a plane's start on this machine wrote it down.</summary>
internal sealed record KnownServer
{
    public required string Address { get; init; }
    public required string Token { get; init; }

    /// <summary>Its data folder, when it runs on this machine.</summary>
    public string? Data { get; init; }
    public int? Pid { get; init; }
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>Read by hand: every command does this first, and the serializer would need longer to make ready than most of them need.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static KnownServer From(JsonElement written) => new()
    {
        Address = written.Text("address") ?? throw new JsonException("A plane stands there without an address."),
        Token = written.Text("token") ?? throw new JsonException("A plane stands there without a token."),
        Data = written.Text("data"),
        Pid = (int)written.Number("pid") is var pid and > 0 ? pid : null,
        StartedAt = written.TryGetProperty("startedAt", out var at) && at.TryGetDateTimeOffset(out var time) ? time : default,
    };
}

/// <summary>The person's own file of planes and tokens. The newest stands first and is the one that commands talk to.</summary>
internal sealed class Credentials(string path)
{
    private const int Remembered = 20;

    public string Path { get; } = path;

    /// <exception cref="CommandException">The file is there and cannot be read.</exception>
    public IReadOnlyList<KnownServer> Read()
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(Path));
            var servers = document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Items("servers") : throw new JsonException("No object stands there.");
            return Array.ConvertAll(servers, KnownServer.From);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The credentials file {Path} cannot be read: {error.Message}", "Mend or delete it; `muster up` writes a new one.");
        }
    }

    /// <summary>Puts a plane first. One at the same address or with the same data folder is replaced.</summary>
    public void Remember(KnownServer server)
    {
        var others = Read().Where(known => known.Address != server.Address && (known.Data is null || known.Data != server.Data));
        Save([server, .. others.Take(Remembered - 1)]);
    }

    /// <summary>Forgets a plane whose data folder goes.</summary>
    public void Forget(string data) => Save([.. Read().Where(known => known.Data != data)]);

    private void Save(IReadOnlyList<KnownServer> servers) =>
        SecretFile.Write(Path, JsonSerializer.Serialize(new Document { Servers = servers }, Wire.Indented) + "\n");

    private sealed record Document
    {
        public IReadOnlyList<KnownServer> Servers { get; init; } = [];
    }
}
