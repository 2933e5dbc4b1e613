using Muster.Contracts.Delivery;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Delivery.Epics;

public static class EpicMergeState
{
    /// <summary>Tasks of the epic are worked on, or nothing in its branch is missing from the target.</summary>
    public const string Open = "open";
    public const string Waiting = "waiting";
    public const string Checking = "checking";

    /// <summary>A conflict or a red check; tried again when something moves.</summary>
    public const string Blocked = "blocked";
    public const string Merged = "merged";
}

/// <summary>A row of <c>epic_merges</c>: an epic's branch and its way into the target.</summary>
public sealed record EpicMergeRow
{
    public string EpicId { get; init; } = "";
    public string ProjectId { get; init; } = "";
    public string Branch { get; init; } = "";
    public string Target { get; init; } = "";
    public string State { get; init; } = "";
    public long? Position { get; init; }
    public string? HeadSha { get; init; }
    public string? BaseSha { get; init; }

    /// <summary>Written before the target is moved to it, so that a plane killed in between knows its own work again.</summary>
    public string? CandidateSha { get; init; }
    public string? Detail { get; init; }
    public long? RetryAt { get; init; }
    public long? EnqueuedAt { get; init; }
    public long UpdatedAt { get; init; }

    public int Number { get; init; }
    public string Title { get; init; } = "";
    public string ProjectKey { get; init; } = "";

    /// <summary>How many stand before it at the same target.</summary>
    public int Ahead { get; init; }

    /// <summary>
    /// Whether every task of the epic is done; cancelled ones do not count. One whose change is in the branch and that waits only for its
    /// deployment counts as done, since what is deployed is the target.
    /// </summary>
    public bool Complete { get; init; }

    public bool InLine => Position is not null;

    public string Name => $"epic {Number} '{Title}' of {ProjectKey}";

    public const string Select =
        """
        SELECT m.*, e.number, e.title, p.key AS project_key,
               (SELECT COUNT(*) FROM merge_queue b WHERE b.project_id = m.project_id AND b.target = m.target AND b.position < m.position)
               + (SELECT COUNT(*) FROM epic_merges b WHERE b.project_id = m.project_id AND b.target = m.target AND b.position < m.position) AS ahead,
               (EXISTS (SELECT 1 FROM tasks t WHERE t.epic_id = m.epic_id AND t.status <> 'cancelled')
                AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.epic_id = m.epic_id AND t.status NOT IN ('done', 'cancelled')
                    AND NOT (t.status = 'review' AND t.contract LIKE '%deployment%'
                        AND EXISTS (SELECT 1 FROM pulls u WHERE u.task_id = t.id AND u.state = 'merged' AND u.head_sha = t.head_sha)))) AS complete
          FROM epic_merges m JOIN epics e ON e.id = m.epic_id JOIN projects p ON p.id = m.project_id
        """;

    public static EpicMergeRow? Find(StoreTransaction tx, string epicId) => tx.QueryFirst<EpicMergeRow>(Select + " WHERE m.epic_id = @epicId", new { epicId });

    public QueueEntry ToInfo() => new()
    {
        Id = EpicId,
        Position = InLine ? Ahead + 1 : 0,
        Project = ProjectKey,
        Target = Target,
        Epic = Number,
        HeadSha = HeadSha ?? "",
        State = State,
        CandidateSha = InLine ? CandidateSha : null,
        Detail = Detail,
        EnqueuedAt = Times.At(EnqueuedAt ?? UpdatedAt),
    };
}
