namespace Muster.Bench.Servers;

/// <summary>A program that a contender needs is not on this machine; the message says how to get it. The others still run.</summary>
internal sealed class MissingToolException(string message) : Exception(message);

/// <summary>Where programs are.</summary>
internal static class Tools
{
    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Concat(["/usr/bin", "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin"])
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);

    /// <summary>A program of PostgreSQL's server, which Debian keeps out of PATH; the newest.</summary>
    public static string? Postgres(string program) => Find(program) ?? (Directory.Exists("/usr/lib/postgresql")
        ? Directory.EnumerateDirectories("/usr/lib/postgresql")
            .OrderByDescending(d => double.TryParse(Path.GetFileName(d), out var version) ? version : 0)
            .Select(d => Path.Combine(d, "bin", program))
            .FirstOrDefault(File.Exists)
        : null);

    public static string Require(string? path, string program, string package) =>
        path ?? throw new MissingToolException($"{program} is not installed (Debian, Ubuntu: sudo apt-get install {package}; macOS: brew install {package}).");

    public static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        return ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
    }
}
