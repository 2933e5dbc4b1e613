namespace Muster.ControlPlane.Delivery.Git;

public sealed record MirrorMade(string TargetBranch, string TargetSha);

public sealed record FileChange(string Path, int Additions, int Deletions);

public sealed record BranchFact(string Ref, string Sha, DateTimeOffset CommittedAt, int? Ahead, int? Behind);

public sealed record Signature(string Name, string Email);

/// <summary>A merge made, or why it cannot be.</summary>
public sealed record MergeOutcome
{
    public string? Commit { get; init; }
    public string? Tree { get; init; }

    /// <summary>Paths that both sides changed, when that was the reason.</summary>
    public IReadOnlyList<string> Conflicts { get; init; } = [];

    /// <summary>Why there is no commit, as part of a sentence.</summary>
    public string? Reason { get; init; }
}

/// <summary>One ref's change: to <see cref="New"/> (null deletes it), from <see cref="Old"/> (null: from whatever it is).</summary>
public sealed record RefChange(string Ref, string? New, string? Old = null);

/// <summary>One request of git's HTTP protocol.</summary>
public sealed record GitCall
{
    public required string Method { get; init; }

    /// <summary>Below the repository: <c>/info/refs</c>, <c>/git-upload-pack</c> or <c>/git-receive-pack</c>.</summary>
    public required string Path { get; init; }
    public required string Query { get; init; }
    public string? ContentType { get; init; }
    public string? ContentEncoding { get; init; }

    /// <summary>Value of the <c>Git-Protocol</c> header; one of git's own, checked by the caller.</summary>
    public string? Protocol { get; init; }

    /// <summary>Namespace under which pushed refs land; null for reading.</summary>
    public string? Namespace { get; init; }
    public required long MaxInputBytes { get; init; }
    public required Stream Input { get; init; }

    /// <summary>Called once with status and headers; the body is written to the stream it returns.</summary>
    public required Func<int, IReadOnlyList<(string Name, string Value)>, Stream> Respond { get; init; }
}

/// <summary>How object ids and refs look.</summary>
public static class GitText
{
    public static bool IsCommit(string? text) =>
        text is { Length: 40 or 64 } && text.All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f'));

    public static bool IsZero(string text) => text.All(c => c == '0');

    public static string Brief(string commit) => commit.Length > 8 ? commit[..8] : commit;

    /// <summary>git's own rules for ref names (check-ref-format), so that a name can be judged without asking it.</summary>
    public static bool IsRef(string name) =>
        name.Length is > 5 and <= 400
        && name.StartsWith("refs/", StringComparison.Ordinal)
        && !name.Contains("..", StringComparison.Ordinal)
        && !name.Contains("@{", StringComparison.Ordinal)
        && !name.EndsWith('.')
        && name.All(c => c > ' ' && c != '\x7f' && !"~^:?*[\\".Contains(c, StringComparison.Ordinal))
        && name.Split('/').All(part => part.Length > 0 && part[0] != '.' && !part.EndsWith(".lock", StringComparison.Ordinal));
}
