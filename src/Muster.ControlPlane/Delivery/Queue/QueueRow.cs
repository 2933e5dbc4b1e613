using Muster.Contracts.Delivery;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Queue;

public static class QueueState
{
    public const string Waiting = "waiting";
    public const string Checking = "checking";
    public const string Merging = "merging";
}

/// <summary>A row of <c>merge_queue</c>, with the names that people see.</summary>
public sealed record QueueRow
{
    public string Id { get; init; } = "";
    public long Position { get; init; }
    public string ProjectId { get; init; } = "";
    public string Target { get; init; } = "";
    public string PullId { get; init; } = "";
    public string TaskId { get; init; } = "";
    public string HeadSha { get; init; } = "";
    public string State { get; init; } = "";
    public string? BaseSha { get; init; }

    /// <summary>Written before the target is moved to it, so that a plane killed in between knows its own work again.</summary>
    public string? CandidateSha { get; init; }
    public string? Detail { get; init; }
    public long EnqueuedAt { get; init; }

    public string ProjectKey { get; init; } = "";
    public int TaskNumber { get; init; }
    public int PullNumber { get; init; }

    /// <summary>How many stand before it at the same target.</summary>
    public int Ahead { get; init; }

    public const string Select =
        """
        SELECT q.*, p.key AS project_key, t.number AS task_number, u.number AS pull_number,
               (SELECT COUNT(*) FROM merge_queue b WHERE b.project_id = q.project_id AND b.target = q.target AND b.position < q.position)
               + (SELECT COUNT(*) FROM epic_merges b WHERE b.project_id = q.project_id AND b.target = q.target AND b.position < q.position) AS ahead
          FROM merge_queue q JOIN projects p ON p.id = q.project_id JOIN tasks t ON t.id = q.task_id JOIN pulls u ON u.id = q.pull_id
        """;

    public QueueEntry ToInfo() => new()
    {
        Id = Id,
        Position = Ahead + 1,
        Project = ProjectKey,
        Target = Target,
        TaskKey = $"{ProjectKey}-{TaskNumber}",
        PullRequest = PullNumber,
        HeadSha = HeadSha,
        State = State,
        CandidateSha = CandidateSha,
        Detail = Detail,
        EnqueuedAt = Times.At(EnqueuedAt),
    };
}
