using System.Globalization;
using Muster.ControlPlane.Storage;
using Npgsql;

namespace Muster.Integrations.Postgres;

/// <summary>A server's address as people write it: <c>postgres://user:password@host:5432,other:5432/database?sslmode=require</c>.</summary>
public sealed class PostgresAddress
{
    private const int ReadersLimit = 16;
    private const int WritersLimit = 8;

    private readonly NpgsqlConnectionStringBuilder _settings;

    private PostgresAddress(NpgsqlConnectionStringBuilder settings) => _settings = settings;

    /// <summary>Connections that write for a plane side by side: while the server works on what one has sent, the plane makes ready what another sends.</summary>
    internal int Writers { get; private set; } = 2;

    public static bool IsOne(string text) => text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase);

    /// <exception cref="StoreUnusableException">It is not such an address; the message names what is wrong and never the password.</exception>
    public static PostgresAddress Parse(string text)
    {
        if (!IsOne(text)) throw Wrong("it does not begin with postgres://");
        var rest = text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var (main, query) = Cut(rest, '?');
        var (authority, database) = Cut(main, '/');
        var at = authority.LastIndexOf('@');
        var (user, password) = at < 0 ? ("", "") : Cut(authority[..at], ':');
        var hosts = at < 0 ? authority : authority[(at + 1)..];
        if (hosts.Length == 0) throw Wrong("it names no host");
        if (database.Length == 0) throw Wrong("it names no database: .../NAME");

        var settings = new NpgsqlConnectionStringBuilder { Host = hosts, Database = Uri.UnescapeDataString(database) };
        if (user.Length > 0) settings.Username = Uri.UnescapeDataString(user);
        if (password.Length > 0) settings.Password = Uri.UnescapeDataString(password);
        // With several hosts the one that takes writes is looked for, at every connection anew.
        if (hosts.Contains(','))
        {
            settings.TargetSessionAttributes = "primary";
            // What is known of a server is soon asked again: one that was promoted is found while who waits still waits.
            settings.HostRecheckSeconds = 1;
        }

        var address = new PostgresAddress(settings);
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries)) address.Apply(pair);
        return address;
    }

    /// <summary>For people and logs: no password.</summary>
    public override string ToString() => $"PostgreSQL at {_settings.Host}/{_settings.Database}";

    internal string ConnectionString(bool pooled) => new NpgsqlConnectionStringBuilder(_settings.ConnectionString)
    {
        Pooling = pooled,
        MaxPoolSize = ReadersLimit,
        MinPoolSize = 0,
        Timeout = 5,
        CommandTimeout = 30,
        CancellationTimeout = 2000,
        KeepAlive = pooled ? 0 : 5,
        TcpKeepAlive = true,
        MaxAutoPrepare = 200,
        AutoPrepareMinUsages = 2,
        IncludeErrorDetail = false,
        NoResetOnClose = true,
        // Compiling a statement pays where it reads millions of rows; ours read a few, and a plan that must walk a table counts as dear enough.
        // A plane that is held up in the middle of a transaction, or whose machine is gone, does not hold up the others for long.
        // A server that ends idle sessions would end a writer of a plane with nothing to do.
        Options = "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=10s -c idle_session_timeout=0 -c tcp_keepalives_idle=3 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c client_min_messages=warning -c timezone=UTC -c jit=off",
    }.ConnectionString;

    private void Apply(string pair)
    {
        var (name, value) = Cut(pair, '=');
        value = Uri.UnescapeDataString(value);
        try
        {
            switch (name.ToLowerInvariant())
            {
                case "sslmode": _settings.SslMode = Enum.Parse<SslMode>(value.Replace("-", "", StringComparison.Ordinal), ignoreCase: true); break;
                case "sslrootcert": _settings.RootCertificate = value; break;
                case "sslcert": _settings.SslCertificate = value; break;
                case "sslkey": _settings.SslKey = value; break;
                case "target_session_attrs": _settings.TargetSessionAttributes = value; break;
                case "passfile": _settings.Passfile = value; break;
                case "search_path": _settings.SearchPath = value; break;
                case "writers":
                    Writers = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var writers) && writers is >= 1 and <= WritersLimit
                        ? writers : throw Wrong($"writers is 1 to {WritersLimit}, and not '{value}'");
                    break;
                default: throw Wrong($"'{name}' is not a parameter that is known; sslmode, sslrootcert, sslcert, sslkey, target_session_attrs, passfile, search_path and writers are");
            }
        }
        catch (ArgumentException)
        {
            throw Wrong($"'{value}' is no value of {name}");
        }
    }

    private static (string Before, string After) Cut(string text, char at)
    {
        var index = text.IndexOf(at);
        return index < 0 ? (text, "") : (text[..index], text[(index + 1)..]);
    }

    private static StoreUnusableException Wrong(string why) => new($"The address of the store cannot be used: {why}. It is written postgres://USER:PASSWORD@HOST:5432/DATABASE.");
}
