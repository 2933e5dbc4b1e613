using System.Security.Cryptography.X509Certificates;

namespace Muster.Integrations.Connections;

/// <summary>Where a server is, and what is needed to get in. Its text never shows a secret.</summary>
public sealed record ServerAddress(string Host, int Port)
{
    public string? User { get; init; }
    public string? Password { get; init; }
    public bool Tls { get; init; }

    /// <summary>File of the authorities that are believed instead of the system's; for certificates of one's own.</summary>
    public string? AuthorityFile { get; init; }

    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    /// <summary>Reads <c>scheme://[user[:password]@]host[:port][/path][?ca=FILE]</c>. What is wrong is told without repeating the secret part.</summary>
    /// <param name="text">What was configured.</param>
    /// <param name="schemes">Schemes taken, and whether each means TLS.</param>
    /// <param name="port">Where none is named.</param>
    /// <param name="path">The path, for what a system says by it.</param>
    /// <exception cref="AddressException">It cannot be read; the message says what is taken.</exception>
    public static ServerAddress Parse(string text, IReadOnlyDictionary<string, bool> schemes, int port, out string path)
    {
        var example = $"{schemes.Keys.First()}://user:password@host:{port}";
        if (!Uri.TryCreate(text.Trim(), UriKind.Absolute, out var uri) || !schemes.TryGetValue(uri.Scheme, out var tls) || uri.Host.Length == 0)
            throw new AddressException($"'{Shown(text)}' is no address; give one such as {example} ({string.Join(", ", schemes.Keys)}).");
        if (uri.Fragment.Length > 0) throw new AddressException($"'{Shown(text)}' holds a '#'; write it as %23 in a password.");
        var authority = default(string);
        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            if (pair.Split('=', 2) is not ["ca", var file]) throw new AddressException($"'{Shown(text)}' has a setting that is not known; ca=FILE is.");
            authority = Uri.UnescapeDataString(file);
            if (!tls) throw new AddressException($"'{Shown(text)}' names authorities (ca) and no TLS; the scheme for TLS is {schemes.First(s => s.Value).Key}.");
            if (Fault(authority) is { } fault) throw new AddressException(fault);
        }

        var user = uri.UserInfo.Split(':', 2);
        path = uri.AbsolutePath.Trim('/');
        return new ServerAddress(uri.IdnHost.Trim('[', ']'), uri.IsDefaultPort || uri.Port <= 0 ? port : uri.Port)
        {
            User = user[0].Length > 0 ? Uri.UnescapeDataString(user[0]) : null,
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
            Tls = tls,
            AuthorityFile = authority,
        };
    }

    /// <summary>An address as it may be shown: without user and password.</summary>
    public static string Shown(string text)
    {
        var at = text.LastIndexOf('@');
        if (at < 0) return text.Length <= 100 ? text : text[..100];
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        return $"{(scheme is > 0 and < 20 ? text[..(scheme + 3)] : "")}***@{text[(at + 1)..]}";
    }

    private static string? Fault(string file)
    {
        try
        {
            var all = new X509Certificate2Collection();
            all.ImportFromPemFile(file);
            return all.Count > 0 ? null : $"{file} holds no certificate.";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            return $"The authorities in {file} cannot be read: {error.Message}";
        }
    }
}

/// <summary>An address that cannot be used. The message says what is wrong and holds no secret.</summary>
public sealed class AddressException(string message) : Exception(message);
