using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Jobs;

namespace Muster.ControlPlane.Delivery.Reviews;

/// <summary>How checks and missing evidence are put into words.</summary>
internal static class CheckReport
{
    private const int TailLength = 1500;

    /// <summary>Why a task is sent back: which check, where, and the end of what it said.</summary>
    /// <param name="merged">The target's commit when it was run on the merge with it.</param>
    public static string Red(JobRow job, string? merged)
    {
        var where = merged is null ? $"at {GitText.Brief(job.Sha)}" : $"on the merge with the target at {GitText.Brief(merged)}";
        var exit = job.ExitCode is { } code ? $" (exit code {code})" : "";
        var tail = job.Detail is null ? "" : ":\n" + (job.Detail.Length <= TailLength ? job.Detail : "..." + job.Detail[^TailLength..]);
        return $"Check '{job.Name}' failed {where}{exit}{tail}";
    }

    public static WaitingReason Waiting(JobRow job) => ReviewBoard.Because(WaitingCodes.Check, job.State switch
    {
        JobState.Running => $"check '{job.Name}' runs on {job.HostName}",
        JobState.Error => $"check '{job.Name}' could not be run: {job.Detail}",
        _ when job.Detail is not null => $"check '{job.Name}' is tried again: {job.Detail}",
        _ => $"check '{job.Name}' waits for a host",
    }, job.Name);

    public static WaitingReason Missing(ContractItem item) => ReviewBoard.Because(WaitingCodes.Evidence, item.Kind is EvidenceKinds.Test or EvidenceKinds.Build
        ? $"the contract asks for {item} and no check gives it: declare one in muster.yaml with 'evidence: {item.Kind}', or change the contract"
        : $"the contract asks for {item}", item.ToString());
}
