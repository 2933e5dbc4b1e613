namespace Muster.Connections;

/// <summary>Where Muster keeps what is the person's own, as the XDG base directories say.</summary>
internal static class Paths
{
    public static string Credentials => Path.Combine(Home("XDG_CONFIG_HOME", ".config"), "muster", "credentials.json");

    /// <summary>The data folder when none is named.</summary>
    public static string DefaultData => Environment.GetEnvironmentVariable("MUSTER_DATA") is { Length: > 0 } folder
        ? Path.GetFullPath(folder)
        : Path.Combine(Home("XDG_DATA_HOME", ".local/share"), "muster");

    private static string Home(string variable, string below)
    {
        // A relative path in an XDG variable is to be ignored.
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } folder && Path.IsPathRooted(folder)) return folder;
        var home = Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } own ? own : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Path.Combine(home, below);
    }
}
