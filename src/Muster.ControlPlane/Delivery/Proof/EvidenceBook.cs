using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery;

/// <summary>Writes evidence: claims as they come, proof once.</summary>
public static class EvidenceBook
{
    public const string ByGit = "git";
    public const string ByMergeQueue = "merge-queue";
    public const string ByHealthCheck = "health-check";
    public const string ByPlane = "plane";

    /// <summary>Keeps what somebody says. It counts once the plane has seen it for itself, or where its kind cannot be seen.</summary>
    public static EvidenceRow Claim(StoreTransaction tx, TaskRow task, string? assignmentId, EvidenceClaim claim)
    {
        var row = new EvidenceRow
        {
            Id = Ids.New(),
            TaskId = task.Id,
            AssignmentId = assignmentId,
            Kind = claim.Kind,
            Reference = claim.Reference,
            Detail = claim.Detail,
            Rehearsal = task.Rehearsal,
            CreatedAt = tx.Now,
        };
        Insert(tx, row);
        tx.Emit(EventTypes.EvidenceAdded, $"{task.Key} claims {claim.Kind}: {Short(claim.Reference)}", task.ProjectId, task.Id, task.AgentId, new { kind = claim.Kind, claim.Reference });
        tx.Notify(new ReviewMoved(task.Id));
        return row;
    }

    /// <summary>Keeps what the plane has seen. Seen again, it is not written again.</summary>
    public static void Prove(StoreTransaction tx, TaskRow task, string kind, string reference, string? sha, string? outcome, string by, string? detail = null, string? artifactId = null)
    {
        var known = tx.QueryFirst<string>(
            """
            SELECT id FROM evidence WHERE task_id = @Id AND kind = @kind AND verified_by = @by
               AND COALESCE(sha, '') = COALESCE(@sha, '') AND COALESCE(outcome, '') = COALESCE(@outcome, '')
            """, new { task.Id, kind, by, sha, outcome });
        if (known is not null) return;
        var assignment = tx.QueryFirst<string>("SELECT id FROM assignments WHERE task_id = @Id AND epoch = @Epoch", new { task.Id, task.Epoch });
        Insert(tx, new EvidenceRow
        {
            Id = Ids.New(),
            TaskId = task.Id,
            AssignmentId = assignment,
            Kind = kind,
            Reference = reference,
            Sha = sha,
            Outcome = outcome,
            Detail = detail,
            Verified = true,
            VerifiedBy = by,
            ArtifactId = artifactId,
            Rehearsal = task.Rehearsal,
            CreatedAt = tx.Now,
        });
        var shows = outcome is null ? kind : $"{kind}({outcome})";
        tx.Emit(EventTypes.EvidenceVerified, $"{task.Key}: {shows} verified by {by}", task.ProjectId, task.Id, task.AgentId, new { kind, outcome, sha, by });
    }

    /// <summary>Marks a claim as seen by the plane, or as vouched for by a person.</summary>
    public static void Confirm(StoreTransaction tx, TaskRow task, EvidenceRow claim, string by)
    {
        var rows = tx.Execute("UPDATE evidence SET verified = 1, verified_by = @by WHERE id = @Id AND verified = 0", new { by, claim.Id });
        if (rows == 1)
            tx.Emit(EventTypes.EvidenceVerified, $"{task.Key}: {claim.Kind} verified by {by}", task.ProjectId, task.Id, task.AgentId, new { kind = claim.Kind, claim.Reference, by });
    }

    /// <summary>What a check that ran proves, pass or fail.</summary>
    public static void OfCheck(StoreTransaction tx, JobRow job)
    {
        if (job.TaskId is null || job.Check is not { } check) return;
        var task = TaskQueries.Get(tx, job.TaskId);
        Prove(tx, task, check.Evidence, job.OutputArtifactId ?? job.Id, job.Sha, job.State == JobState.Passed ? "pass" : "fail", "check:" + job.Name, job.Detail, job.OutputArtifactId);
    }

    private static void Insert(StoreTransaction tx, EvidenceRow row) => tx.ExecuteOne(
        """
        INSERT INTO evidence (id, task_id, assignment_id, kind, reference, sha, outcome, detail, verified, verified_by, artifact_id, rehearsal, created_at)
        VALUES (@Id, @TaskId, @AssignmentId, @Kind, @Reference, @Sha, @Outcome, @Detail, @Verified, @VerifiedBy, @ArtifactId, @Rehearsal, @CreatedAt)
        """, row);

    private static string Short(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return line.Length <= 100 ? line : line[..97] + "...";
    }
}
