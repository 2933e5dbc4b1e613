using Muster.Contracts.Work;
using Muster.Runner.Git;

namespace Muster.Runner.Workspaces;

/// <summary>What a workspace is for: facts of the assignment, without its lease but for <see cref="Remote"/>.</summary>
public sealed record WorkspaceRequest
{
    public required string ProjectId { get; init; }
    public required string TaskKey { get; init; }
    public required int Epoch { get; init; }
    public required string AssignmentId { get; init; }
    public required string Agent { get; init; }
    public required GitWork Git { get; init; }
    public required GitRemote Remote { get; init; }
    public PreviousAttempt? Previous { get; init; }

    /// <summary>Whether to go on from the half-done work of the attempt before, where it handed nothing in.</summary>
    public bool FromSavedWork { get; init; }

    /// <summary>Folder name of the attempt.</summary>
    public string Name => $"{HostFolders.PlainName(TaskKey)}-{Epoch}";

    internal string Trailers => $"Muster-Task: {TaskKey}\nMuster-Assignment: {AssignmentId}\nMuster-Agent: {Agent}";

    internal IEnumerable<KeyValuePair<string, string>> Identity()
    {
        var email = $"{Agent}@muster.invalid";
        yield return new("GIT_AUTHOR_NAME", Agent);
        yield return new("GIT_AUTHOR_EMAIL", email);
        yield return new("GIT_COMMITTER_NAME", Agent);
        yield return new("GIT_COMMITTER_EMAIL", email);
    }
}
