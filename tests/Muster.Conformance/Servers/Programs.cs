namespace Muster.Conformance.Servers;

/// <summary>Finds the programs that the suites run against.</summary>
internal static class Programs
{
    /// <summary>
    /// The program's path. Where it is missing the test is left out and says how to get it; in CI, which installs what it needs, it fails.
    /// </summary>
    public static string Require(string name, string package)
    {
        if (Find(name) is { } path) return path;
        var why = $"LEFT OUT: {name} is not installed. Debian, Ubuntu: sudo apt-get install {package}";
        Assert.False(Environment.GetEnvironmentVariable("CI") == "true", why);
        Assert.Skip(why);
        return "";
    }

    // Debian installs some servers where the PATH of ordinary users does not lead.
    private static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Append("/usr/local/sbin")
            .Concat(Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(folder => Path.Combine(folder, "bin")) : [])
            .Where(folder => folder.Length > 0).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
