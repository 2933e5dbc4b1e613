using System.Text.RegularExpressions;

namespace Muster.Runner;

/// <summary>The host's data folder. Everything in it but <c>kept</c> and <c>work</c> can be made again.</summary>
public sealed partial class HostFolders(string root)
{
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>Bare clones, one per project, shared by all worktrees.</summary>
    public string Repositories => Path.Combine(Root, "repos");

    /// <summary>One worktree per attempt, <c>KEY-12-1</c>, with its record beside it.</summary>
    public string Work => Path.Combine(Root, "work");

    /// <summary>A note per worktree that could not be removed: where it is and why.</summary>
    public string Kept => Path.Combine(Root, "kept");
    public string Checks => Path.Combine(Root, "checks");
    public string Releases => Path.Combine(Root, "releases");
    public string Logs => Path.Combine(Root, "logs");

    /// <summary>Refuses to make a path of text from outside unless it is a plain name.</summary>
    public static string PlainName(string text) => PlainNamePattern().IsMatch(text)
        ? text
        : throw new ArgumentException($"'{text}' is not a plain name (letters, digits, '.', '_' and '-', at most 100, not starting with '.' or '-').");

    [GeneratedRegex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PlainNamePattern();
}
