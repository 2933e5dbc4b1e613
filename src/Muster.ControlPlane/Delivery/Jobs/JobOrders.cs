using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.ControlPlane.Delivery.Deploys;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Jobs;

/// <summary>For whom a check runs: an attempt of a task, or the project alone.</summary>
internal sealed record CheckFor(string ProjectId, string? TaskId, int Epoch);

/// <summary>Asks hosts for work and takes it back, inside a transaction.</summary>
internal static class JobOrders
{
    /// <summary>
    /// The job of one check at one commit: the one there is, a pass taken over from an identical tree, or a new one.
    /// Asking again changes nothing, unless the check was redefined or was red in an earlier attempt of the task, or could
    /// not be run at all before <paramref name="askedAt"/>.
    /// </summary>
    public static JobRow Check(StoreTransaction tx, TaskRow task, string sha, string tree, CheckDefinition check, long? askedAt = null) =>
        Check(tx, new CheckFor(task.ProjectId, task.Id, task.Epoch), sha, tree, check, askedAt);

    public static JobRow Check(StoreTransaction tx, CheckFor whom, string sha, string tree, CheckDefinition check, long? askedAt)
    {
        var definition = JsonSerializer.Serialize(check, Wire.Json);
        var existing = tx.QueryFirst<JobRow>(JobRow.Select + " WHERE j.project_id = @ProjectId AND COALESCE(j.task_id, '') = COALESCE(@TaskId, '') AND j.sha = @sha AND j.name = @Name AND j.kind = 'check'",
            new { whom.ProjectId, whom.TaskId, sha, check.Name });
        if (existing is not null)
        {
            var stale = existing.Definition != definition
                || (existing.State is JobState.Failed or JobState.Error && existing.Attempt < whom.Epoch)
                || (existing.State == JobState.Error && existing.EndedAt < askedAt)
                || existing.State == JobState.Cancelled;
            return stale ? Again(tx, existing, definition, whom.Epoch) : existing;
        }

        var passed = tx.QueryFirst<JobRow>(
            JobRow.Select + " WHERE j.project_id = @ProjectId AND j.tree = @tree AND j.name = @Name AND j.kind = 'check' AND j.state = 'passed' AND j.definition = @definition ORDER BY j.id LIMIT 1",
            new { whom.ProjectId, tree, check.Name, definition });
        var id = Ids.New();
        tx.ExecuteOne(
            """
            INSERT INTO jobs (id, kind, state, project_id, task_id, sha, tree, name, definition, attempt, exit_code, detail, output_artifact_id, created_at, ended_at)
            VALUES (@id, 'check', @state, @ProjectId, @TaskId, @sha, @tree, @Name, @definition, @Epoch, @exitCode, @detail, @output, @Now, @ended)
            """,
            new
            {
                id,
                state = passed is null ? JobState.Waiting : JobState.Passed,
                whom.ProjectId,
                whom.TaskId,
                sha,
                tree,
                check.Name,
                definition,
                whom.Epoch,
                exitCode = passed?.ExitCode,
                detail = passed is null ? null : $"Passed at {Git.GitText.Brief(passed.Sha)}, whose files are identical; not run again.",
                output = passed?.OutputArtifactId,
                tx.Now,
                ended = passed is null ? (long?)null : tx.Now,
            });
        tx.Notify(new JobMoved(id, whom.ProjectId, passed is null ? JobState.Waiting : JobState.Passed));
        return tx.QueryFirst<JobRow>(JobRow.Select + " WHERE j.id = @id", new { id })!;
    }

    /// <summary>Takes back what was asked for a task's changes; a host at work on it hears so at its next renewal.</summary>
    public static void CancelChecks(StoreTransaction tx, string taskId, string reason)
    {
        var open = tx.Query<JobRow>("SELECT * FROM jobs WHERE task_id = @taskId AND kind = 'check' AND state IN ('waiting', 'running')", new { taskId });
        foreach (var job in open) Cancel(tx, job, reason);
    }

    public static void Cancel(StoreTransaction tx, JobRow job, string reason)
    {
        tx.ExecuteOne("UPDATE jobs SET state = 'cancelled', detail = @reason, ended_at = @Now WHERE id = @Id AND state = @State", new { reason, tx.Now, job.Id, job.State });
        tx.Notify(new JobMoved(job.Id, job.ProjectId, JobState.Cancelled));
    }

    public static void Deploy(StoreTransaction tx, string projectId, string? taskId, string deploymentId, string sha, DeployDefinition definition, string? host)
    {
        var id = Ids.New();
        tx.ExecuteOne(
            """
            INSERT INTO jobs (id, kind, state, project_id, task_id, deployment_id, sha, name, definition, host_id, created_at)
            VALUES (@id, 'deploy', 'waiting', @projectId, @taskId, @deploymentId, @sha, @Environment, @json, @host, @Now)
            """,
            new { id, projectId, taskId, deploymentId, sha, definition.Environment, json = JsonSerializer.Serialize(definition, Wire.Json), host, tx.Now });
        tx.Notify(new JobMoved(id, projectId, JobState.Waiting));
    }

    /// <summary>Lets a job that could not be carried out be given out once more, after a wait; a deployment only while there is no newer one.</summary>
    public static JobRow Again(StoreTransaction tx, JobRow job, string? definition = null, int? attempt = null, long? notBefore = null)
    {
        if (ReplacedDeployment.Is(tx, job))
        {
            ReplacedDeployment.End(tx, job);
            return tx.QueryFirst<JobRow>(JobRow.Select + " WHERE j.id = @Id", new { job.Id })!;
        }

        tx.ExecuteOne(
            """
            UPDATE jobs SET state = 'waiting', definition = COALESCE(@definition, definition), attempt = COALESCE(@attempt, attempt), exit_code = NULL,
                   output_artifact_id = NULL, host_id = CASE WHEN kind = 'deploy' THEN host_id ELSE NULL END, not_before = @notBefore,
                   detail = CASE WHEN @notBefore IS NULL THEN NULL ELSE detail END, started_at = NULL, ended_at = NULL
             WHERE id = @Id AND state = @State
            """, new { definition, attempt, notBefore, job.Id, job.State });
        tx.Notify(new JobMoved(job.Id, job.ProjectId, JobState.Waiting));
        return tx.QueryFirst<JobRow>(JobRow.Select + " WHERE j.id = @Id", new { job.Id })!;
    }

    public static void Announce(StoreTransaction tx, JobRow job, string type, string text) =>
        tx.Emit(type, text, job.ProjectId, job.TaskId, data: new { jobId = job.Id, name = job.Name, sha = job.Sha, state = job.State, exitCode = job.ExitCode });

    public static string Subject(JobRow job) => $"{(job.Kind == JobKinds.Deploy ? "deployment to" : "check")} '{job.Name}' at {Git.GitText.Brief(job.Sha)}";

    /// <summary>Event that goes with the start of a job.</summary>
    public static void AnnounceStart(StoreTransaction tx, JobRow job) =>
        Announce(tx, job, job.Kind == JobKinds.Deploy ? EventTypes.DeploymentStarted : EventTypes.CheckStarted, $"{job.HostName ?? "A host"} runs {Subject(job)}");
}
