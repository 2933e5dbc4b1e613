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
            return JsonSerializer.Deserialize<Document>(File.ReadAllText(Path), Wire.Json)?.Servers ?? [];
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
