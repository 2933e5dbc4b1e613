using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Muster.Runner;

/// <summary>The host's data folder. Everything in it but <c>kept</c> and <c>work</c> can be made again.</summary>
/// <param name="root">Its path.</param>
/// <param name="marker">Marker for git commands that work in it; null for none.</param>
public sealed partial class HostFolders(string root, string? marker = null)
{
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>Marker of git commands, so that they end with whoever started them.</summary>
    internal string? GitMarker { get; } = marker is null ? null : $"{marker}/git";

    /// <summary>Names what is this folder's in folders that it shares with others, such as the temporary one.</summary>
    internal string Fingerprint { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(root))))[..8];

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
