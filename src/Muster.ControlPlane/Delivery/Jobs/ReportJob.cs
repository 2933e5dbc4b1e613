using Microsoft.Extensions.Options;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.ControlPlane.Delivery.Deploys;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Jobs;

/// <summary>Takes a host's word on how a job ended. Said twice under the same lease, the second time changes nothing.</summary>
public sealed class ReportJob(Store store, IOptions<DeliveryOptions> options)
{
    private const int MaxDetail = 4000;
    private const int MaxHealthBody = 4000;

    public JobInfo Run(StoreTransaction tx, string id, string? lease, JobReport report)
    {
        new Checked()
            .Require(report.Outcome is JobState.Passed or JobState.Failed or JobState.Error or JobState.Waiting, "outcome", "outcome is passed, failed, error or waiting.")
            .Require(report.OutputArtifactId is null || Ids.IsId(report.OutputArtifactId), "outputArtifactId", "outputArtifactId is an artifact's id.")
            .Line(report.Url, "url", 2000, required: false)
            .ThrowIfWrong();
        if (string.IsNullOrEmpty(lease)) throw Refusal.LeaseRequired();
        var job = tx.QueryFirst<JobRow>(JobRow.Select + " WHERE j.id = @id", new { id = id.ToLowerInvariant() }) ?? throw Refusal.NotFound("job", id);
        if (LeaseToken.Read(lease, store.LeaseKey) is not { } token || token.Incarnation != store.Incarnation || token.Subject != job.Id || token.Epoch != job.Epoch)
            throw Refusal.LeaseLost();
        if (job.State == report.Outcome) return job.ToInfo();
        if (job.State != JobState.Running) throw Refusal.LeaseLost();
        return (report.Outcome == JobState.Waiting ? HandBack(tx, job, report) : End(tx, job, report)).ToInfo();
    }

    /// <summary>The lease of a job ran out, and no other plane keeps it: another host gets it, as long as there are tries left.</summary>
    public void Expire(StoreTransaction tx, string jobId, int epoch)
    {
        var job = tx.QueryFirst<JobRow>(JobRow.Select + " WHERE j.id = @jobId AND j.state = 'running' AND j.epoch = @epoch AND j.plane_id = @PlaneId", new { jobId, epoch, store.PlaneId });
        if (job is not null) End(tx, job, new JobReport { Outcome = JobState.Error, Detail = $"{job.HostName ?? "The host"} stopped answering." });
    }

    /// <summary>
    /// The host stops or was killed, which says nothing about the job: it is given out again however often that happens, though
    /// later each time, in case the job itself is what kills hosts.
    /// </summary>
    private JobRow HandBack(StoreTransaction tx, JobRow job, JobReport report)
    {
        tx.ExecuteOne("UPDATE jobs SET detail = @detail WHERE id = @Id AND state = 'running'", new { detail = Bounded(report.Detail, MaxDetail), job.Id });
        return JobOrders.Again(tx, job, notBefore: tx.Now + (long)JobDelays.After(job.Epoch, options.Value.JobRetryDelay).TotalMilliseconds);
    }

    private JobRow End(StoreTransaction tx, JobRow job, JobReport report)
    {
        tx.ExecuteOne(
            """
            UPDATE jobs SET state = @Outcome, exit_code = @ExitCode, detail = @detail, output_artifact_id = @OutputArtifactId, ended_at = @Now
             WHERE id = @Id AND state = 'running'
            """, new { report.Outcome, report.ExitCode, detail = Bounded(report.Detail, MaxDetail), report.OutputArtifactId, tx.Now, job.Id });
        var ended = tx.QueryFirst<JobRow>(JobRow.Select + " WHERE j.id = @Id", new { job.Id })!;
        // Asked for again after it was given up, it gets as many tries again; the epoch itself never goes back.
        if (report.Outcome == JobState.Error && ended.Epoch % options.Value.MaxJobAttempts != 0)
        {
            var delay = JobDelays.After(ended.Epoch, options.Value.JobRetryDelay);
            return JobOrders.Again(tx, ended, notBefore: tx.Now + (long)delay.TotalMilliseconds);
        }

        if (ended.Kind == JobKinds.Deploy) EndDeployment.Run(tx, ended, report with { HealthBody = Bounded(report.HealthBody, MaxHealthBody) });
        else EndCheck(tx, ended);
        tx.Notify(new JobMoved(ended.Id, ended.ProjectId, ended.State));
        if (ended.TaskId is not null) tx.Notify(new ReviewMoved(ended.TaskId));
        return ended;
    }

    private static void EndCheck(StoreTransaction tx, JobRow job)
    {
        JobOrders.Announce(tx, job, EventTypes.CheckFinished, $"{job.Name} {(job.State == JobState.Error ? "could not be run" : job.State)} at {Git.GitText.Brief(job.Sha)}");
        if (job.State != JobState.Error) EvidenceBook.OfCheck(tx, job);
    }

    /// <summary>The end of a text, which is where a program says what went wrong.</summary>
    private static string? Bounded(string? text, int max) => text is null || text.Length <= max ? text : "..." + text[^(max - 3)..];
}

/// <summary>How long to wait before something that could not be carried out is tried again.</summary>
internal static class JobDelays
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    public static TimeSpan After(int attempts, TimeSpan first)
    {
        var delay = first * Math.Pow(2, Math.Clamp(attempts - 1, 0, 20));
        return delay < Longest ? delay : Longest;
    }
}
