namespace Muster.ControlPlane.Delivery.Git;

/// <summary>The mirrors: one bare repository per project in the data folder, made from the person's own.</summary>
public interface IRepositories
{
    /// <summary>What is wrong with the git on this machine, as a sentence with the fix; null when it serves.</summary>
    Task<string?> CheckAsync(CancellationToken ct);

    /// <summary>
    /// Makes the mirror of a project, or brings a half-made one up to date.
    /// Refuses with <c>repository_unreachable</c> and says what to do.
    /// </summary>
    /// <param name="repository">Full path or URL of the person's own repository.</param>
    /// <param name="targetBranch">The repository's own default branch when null.</param>
    Task<MirrorMade> CreateAsync(string projectId, string repository, string? targetBranch, CancellationToken ct);

    /// <summary>The mirror of a project; null when it has none.</summary>
    IRepository? Open(string projectId);

    void Delete(string projectId);

    /// <summary>
    /// Makes a folder a repository with a first commit, or commits what was changed by hand in one that was made so. A
    /// repository that somebody else made is left alone: what is committed there is their affair.
    /// </summary>
    /// <param name="folder">Full path; made where it is missing.</param>
    /// <param name="leftOut">What is never committed, as git's exclude file says it.</param>
    /// <returns>Whether something was committed.</returns>
    Task<bool> KeepAsync(string folder, IReadOnlyList<string> leftOut, CancellationToken ct);
}

/// <summary>
/// What the plane asks of one mirror. Revisions and names come from outside and are data: an implementation never lets
/// one be read as an option. Commits are full object ids in lower-case hexadecimal.
/// </summary>
public interface IRepository
{
    /// <summary>The commit that a revision names; null when there is none.</summary>
    Task<string?> ResolveAsync(string revision, CancellationToken ct);

    Task<string> TreeAsync(string commit, CancellationToken ct);

    Task<bool> IsAncestorAsync(string ancestor, string descendant, CancellationToken ct);

    Task<string?> MergeBaseAsync(string one, string other, CancellationToken ct);

    /// <summary>A file's text at a commit; null when it is not there, a refusal when it is over <paramref name="maxBytes"/>.</summary>
    Task<string?> ReadFileAsync(string commit, string path, int maxBytes, CancellationToken ct);

    /// <summary>Every path at a commit, slashes between the parts.</summary>
    Task<IReadOnlyList<string>> ListFilesAsync(string commit, CancellationToken ct);

    /// <summary>What a head changes over the point where it left its base, renames as delete and add.</summary>
    Task<IReadOnlyList<FileChange>> ChangesAsync(string fromCommit, string toCommit, CancellationToken ct);

    /// <summary>The change as a patch, cut at <paramref name="maxBytes"/>.</summary>
    Task<(string Text, bool Truncated)> DiffAsync(string fromCommit, string toCommit, int maxBytes, CancellationToken ct);

    /// <summary>Branches and saved half-done work, newest first, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<BranchFact>> BranchesAsync(string targetCommit, int limit, CancellationToken ct);

    /// <summary>The refs below a prefix that ends in a slash.</summary>
    Task<IReadOnlyList<string>> RefsAsync(string prefix, CancellationToken ct);

    /// <summary>Makes the commit that merges a head onto a base, without moving any ref.</summary>
    Task<MergeOutcome> MergeAsync(string onto, string head, string message, Signature author, CancellationToken ct);

    /// <summary>Makes the commit that puts one file's text onto a parent, without moving any ref.</summary>
    Task<string> CommitFileAsync(string parent, string path, string text, string message, Signature author, CancellationToken ct);

    /// <summary>
    /// Locks refs and proves that every change can be made. The caller then commits or leaves all of it; the commit is a
    /// rename, quick enough to stand inside a store transaction.
    /// </summary>
    Task<IRefMove> PrepareAsync(IReadOnlyList<RefChange> changes, CancellationToken ct);

    /// <summary>Packs what lies loose and drops what nothing has pointed at for two weeks, when there is enough of it.</summary>
    Task TidyAsync(CancellationToken ct);

    /// <summary>Takes away locks that a crash left behind. Only at start, and of this age while others may work here.</summary>
    void ClearLocks(TimeSpan olderThan);

    /// <summary>Reads the person's repository anew and answers with the commit of its target branch.</summary>
    Task<string> FetchOriginAsync(string repository, string targetBranch, CancellationToken ct);

    /// <summary>Offers a commit to the person's repository, fast-forward only; null when taken, else git's reason.</summary>
    Task<string?> PushOriginAsync(string repository, string commit, string targetBranch, CancellationToken ct);

    /// <summary>Carries one request of git's own HTTP protocol, streaming both ways; killed when cancelled.</summary>
    Task ServeAsync(GitCall call, CancellationToken ct);
}

/// <summary>Ref changes that are locked and possible. Disposing without a commit leaves every ref as it was.</summary>
public interface IRefMove : IAsyncDisposable
{
    /// <summary>Makes all changes. Synchronous on purpose; bounded by a few seconds.</summary>
    void Commit();
}

/// <summary>A ref could not be moved because it, or what stands in its way, is not as expected.</summary>
public sealed class RefMovedException(string message) : Exception(message);

/// <summary>git itself failed in a way that nobody's input explains. The message may cross the wire.</summary>
public sealed class GitFailedException(string message, Exception? inner = null) : Exception(message, inner);
