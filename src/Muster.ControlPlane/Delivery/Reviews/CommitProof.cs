using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Reviews;

/// <summary>What git says about the commit that was handed in: its change, or why it is none.</summary>
internal sealed record CommitProof(IReadOnlyList<FileChange> Changes, string? Refusal, bool InTarget = false)
{
    public ChangeSize Size => new(Changes.Sum(c => c.Additions), Changes.Sum(c => c.Deletions), Changes.Count);

    public static async Task<CommitProof> ReadAsync(IRepository repository, TaskRow task, string target, CancellationToken ct)
    {
        var head = task.HeadSha!;
        if (!GitText.IsCommit(head)) return Refused("what was handed in is not a full commit id");
        if (await repository.ResolveAsync(head, ct) != head) return Refused($"the commit {GitText.Brief(head)} was never pushed");
        if (task.Branch is not { } branch || await repository.ResolveAsync(BranchNames.Heads + branch, ct) is not { } tip)
            return Refused($"the commit {GitText.Brief(head)} is on no branch of the task: push it to the branch that the claim named");
        if (!await repository.IsAncestorAsync(head, tip, ct)) return Refused($"the commit {GitText.Brief(head)} is not on the branch {branch}");
        if (await repository.IsAncestorAsync(head, target, ct)) return Refused("it made no change: the commit is in the target branch already") with { InTarget = true };
        var origin = await repository.MergeBaseAsync(target, head, ct);
        if (origin is null) return Refused("the commit does not come from the target's history");
        var changes = await repository.ChangesAsync(origin, head, ct);
        return changes.Count == 0 ? Refused("it made no change: no file differs from the target branch") : new CommitProof(changes, null);
    }

    private static CommitProof Refused(string why) => new([], why);
}
