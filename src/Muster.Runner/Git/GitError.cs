namespace Muster.Runner.Git;

public enum GitFailure
{
    /// <summary>Anything else; the message is git's own.</summary>
    Other,
    NotInstalled,
    TimedOut,

    /// <summary>The server did not answer.</summary>
    Unreachable,

    /// <summary>The credential was refused: the lease behind it is no longer current.</summary>
    Refused,

    /// <summary>The server took the credential but not the push.</summary>
    Rejected,

    /// <summary>A commit or ref that was asked for is not there.</summary>
    NotFound,
    DiskFull,
}

/// <summary>A git command failed. The message is fit for people and holds no credential.</summary>
public sealed class GitException(GitFailure failure, string message) : Exception(message)
{
    public GitFailure Failure { get; } = failure;

    internal static GitException From(IReadOnlyList<string> arguments, GitResult result)
    {
        var said = result.Error.Length > 0 ? result.Error : result.Output;
        var reason = said.Length <= 1000 ? said.Trim() : "..." + said[^1000..].Trim();
        return new GitException(Classify(said, OfARemote.Contains(arguments[0])), $"git {arguments[0]} {(result.ExitCode == 0 ? "failed" : $"exited with code {result.ExitCode}")}: {reason}");
    }

    /// <summary>Those that speak with another repository; what others say of connections is the name of a file.</summary>
    private static readonly string[] OfARemote = ["fetch", "push", "clone", "ls-remote", "pull"];

    private static GitFailure Classify(string said, bool remote)
    {
        if (!remote) return said.Split('\n').Any(line => line.TrimEnd().EndsWith(": No space left on device", StringComparison.Ordinal)) ? GitFailure.DiskFull : NotThere() ? GitFailure.NotFound : GitFailure.Other;
        // LC_ALL=C makes these texts stable; they are part of git's tests.
        if (Has("error: 401") || Has("error: 403") || Has("error: 409") || Has("Authentication failed") || Has("could not read Username")) return GitFailure.Refused;
        // The plane's disk, not ours: it takes what it is sent once there is room.
        if (said.Split('\n').Any(line => line.StartsWith("remote:", StringComparison.Ordinal) && line.Contains("No space left", StringComparison.Ordinal))) return GitFailure.Unreachable;
        if (Has("[rejected]") || Has("[remote rejected]")) return GitFailure.Rejected;
        if (Has("Could not resolve host") || Has("Failed to connect") || Has("Couldn't connect") || Has("Connection refused") || Has("Connection reset")
            || Has("Empty reply") || Has("timed out") || Has("unexpected disconnect") || Has("error: 50") || Has("does not appear to be a git repository"))
            return GitFailure.Unreachable;
        if (NotThere()) return GitFailure.NotFound;
        if (Has("No space left")) return GitFailure.DiskFull;
        return GitFailure.Other;

        bool NotThere() => Has("not our ref") || Has("couldn't find remote ref") || Has("unknown revision") || Has("bad object") || Has("Not a valid object");

        bool Has(string text) => said.Contains(text, StringComparison.OrdinalIgnoreCase);
    }
}
