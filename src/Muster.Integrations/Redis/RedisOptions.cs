using System.Globalization;
using Muster.Integrations.Connections;

namespace Muster.Integrations.Redis;

/// <summary>One Redis, and which of its databases.</summary>
public sealed record RedisOptions(ServerAddress Server, int Database)
{
    private const int Port = 6379;

    private static readonly Dictionary<string, bool> Schemes = new(StringComparer.OrdinalIgnoreCase) { ["redis"] = false, ["rediss"] = true };

    /// <summary>Reads <c>redis://[user]:password@host:6379/0</c>; <c>rediss://</c> for TLS.</summary>
    /// <exception cref="AddressException">It cannot be read; the message says what is taken.</exception>
    public static RedisOptions Parse(string text)
    {
        var server = ServerAddress.Parse(text, Schemes, Port, out var path);
        var database = 0;
        if (path.Length > 0 && !(int.TryParse(path, NumberStyles.None, CultureInfo.InvariantCulture, out database) && database <= 1_000_000))
            throw new AddressException($"'{ServerAddress.Shown(text)}' ends with '/{path}'; behind the host stands the number of the database, such as /0.");
        if (server is { User: not null, Password: null }) throw new AddressException($"'{ServerAddress.Shown(text)}' names a user and no password; a password alone is written redis://:password@host.");
        return new RedisOptions(server, database);
    }
}
