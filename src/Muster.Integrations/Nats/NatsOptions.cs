using Muster.Integrations.Connections;

namespace Muster.Integrations.Nats;

/// <summary>The servers of one NATS system, tried in an order of chance.</summary>
public sealed record NatsOptions(IReadOnlyList<ServerAddress> Servers)
{
    private const int Port = 4222;

    private static readonly Dictionary<string, bool> Schemes = new(StringComparer.OrdinalIgnoreCase) { ["nats"] = false, ["tls"] = true };

    /// <summary>What this connection is called in the server's lists.</summary>
    public string Name { get; init; } = "muster";

    /// <summary>
    /// Reads <c>nats://user:password@host:4222,nats://other:4222</c>; <c>tls://</c> for TLS, a user alone is a token. Servers after the first
    /// take scheme and credentials from it where they have none.
    /// </summary>
    /// <exception cref="AddressException">It cannot be read; the message says what is taken.</exception>
    public static NatsOptions Parse(string text)
    {
        List<ServerAddress> servers = [];
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var first = servers.Count > 0 ? servers[0] : null;
            var whole = part.Contains("://", StringComparison.Ordinal) || first is null ? part : $"{(first.Tls ? "tls" : "nats")}://{part}";
            var server = ServerAddress.Parse(whole, Schemes, Port, out var path);
            if (path.Length > 0) throw new AddressException($"'{ServerAddress.Shown(part)}' has a path; NATS has none.");
            if (first is not null)
            {
                if (server.User is null) server = server with { User = first.User, Password = first.Password };
                server = server with { AuthorityFile = server.AuthorityFile ?? (server.Tls ? first.AuthorityFile : null) };
            }

            servers.Add(server);
        }

        return servers.Count > 0 ? new NatsOptions(servers) : throw new AddressException("No NATS server is named; give one such as nats://host:4222.");
    }
}
