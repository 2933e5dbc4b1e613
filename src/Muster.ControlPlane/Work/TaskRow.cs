using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>A row of <c>tasks</c>.</summary>
public sealed record TaskRow
{
    public string Id { get; init; } = "";
    public string ProjectId { get; init; } = "";
    public int Number { get; init; }
    public string? EpicId { get; init; }
    public string? IssueNumber { get; init; }
    public string Title { get; init; } = "";
    public string? Description { get; init; }
    public string Labels { get; init; } = "[]";
    public int Priority { get; init; }
    public string? Role { get; init; }
    public string PreviousStatus { get; init; } = "new";
    public string Status { get; init; } = "";
    public int PercentComplete { get; init; }
    public long? EstimateMinutes { get; init; }
    public long SpentMinutes { get; init; }
    public string? Branch { get; init; }
    public string? HeadSha { get; init; }
    public int? PullNumber { get; init; }
    public string Contract { get; init; } = "";
    public bool NeedsApproval { get; init; }
    public string? ParentId { get; init; }
    public int OpenDependencies { get; init; }
    public bool Gated { get; init; }
    public long? NotBefore { get; init; }
    public string? NotBeforeCode { get; init; }

    /// <summary>What it waits for until then; read where reasons are told.</summary>
    public string? HoldCode { get; init; }
    public bool Ready { get; init; }
    public int Epoch { get; init; }
    public int Failures { get; init; }
    public int Losses { get; init; }
    public string? AssignmentId { get; init; }
    public string? AgentId { get; init; }
    public string? AvoidAgentId { get; init; }
    public bool Rehearsal { get; init; }
    public string? LastOutcome { get; init; }
    public string? LastReason { get; init; }
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }
    public long? StartedAt { get; init; }
    public long? CompletedAt { get; init; }

    // Joined in by TaskQueries.
    public string ProjectKey { get; init; } = "";
    public bool ProjectPaused { get; init; }
    public int? EpicNumber { get; init; }
    public string? AgentName { get; init; }

    public string Key => $"{ProjectKey}-{Number}";

    /// <summary>Every column, in the order in which <see cref="Read"/> takes them.</summary>
    public const string Columns =
        "tasks.id, tasks.project_id, tasks.number, tasks.epic_id, tasks.issue_number, tasks.title, tasks.description"
        + ", tasks.labels, tasks.priority, tasks.role, tasks.previous_status, tasks.status, tasks.percent_complete"
        + ", tasks.estimate_minutes, tasks.spent_minutes, tasks.branch, tasks.head_sha, tasks.pull_number, tasks.contract"
        + ", tasks.needs_approval, tasks.parent_id, tasks.open_dependencies, tasks.gated, tasks.not_before, tasks.not_before_code"
        + ", tasks.ready, tasks.epoch, tasks.failures, tasks.losses, tasks.assignment_id, tasks.agent_id, tasks.avoid_agent_id"
        + ", tasks.rehearsal, tasks.last_outcome, tasks.last_reason, tasks.created_at, tasks.updated_at, tasks.started_at"
        + ", tasks.completed_at";

    /// <summary>What a hand-in takes of a task, in the order in which <see cref="ReadHandedIn"/> takes it.</summary>
    public const string HandedInColumns =
        "tasks.id, tasks.project_id, tasks.number, tasks.epic_id, tasks.title, tasks.role, tasks.status, tasks.estimate_minutes, tasks.contract"
        + ", tasks.parent_id, tasks.epoch, tasks.assignment_id, tasks.agent_id, tasks.rehearsal";

    /// <summary>Reads a row of <see cref="HandedInColumns"/>. The rest of it is left out, because each column of each hand-in costs.</summary>
    public static TaskRow ReadHandedIn(IRow row) => new()
    {
        Id = row.Text(0),
        ProjectId = row.Text(1),
        Number = row.Count(2),
        EpicId = row.TextOrNull(3),
        Title = row.Text(4),
        Role = row.TextOrNull(5),
        Status = row.Text(6),
        EstimateMinutes = row.NumberOrNull(7),
        Contract = row.Text(8),
        ParentId = row.TextOrNull(9),
        Epoch = row.Count(10),
        AssignmentId = row.TextOrNull(11),
        AgentId = row.TextOrNull(12),
        Rehearsal = row.IsTrue(13),
    };

    /// <summary>Reads a row of <see cref="Columns"/>; by hand, because this is done for every task that is given out.</summary>
    public static TaskRow Read(IRow row) => new()
    {
        Id = row.Text(0),
        ProjectId = row.Text(1),
        Number = row.Count(2),
        EpicId = row.TextOrNull(3),
        IssueNumber = row.TextOrNull(4),
        Title = row.Text(5),
        Description = row.TextOrNull(6),
        Labels = row.Text(7),
        Priority = row.Count(8),
        Role = row.TextOrNull(9),
        PreviousStatus = row.Text(10),
        Status = row.Text(11),
        PercentComplete = row.Count(12),
        EstimateMinutes = row.NumberOrNull(13),
        SpentMinutes = row.Number(14),
        Branch = row.TextOrNull(15),
        HeadSha = row.TextOrNull(16),
        PullNumber = (int?)row.NumberOrNull(17),
        Contract = row.Text(18),
        NeedsApproval = row.IsTrue(19),
        ParentId = row.TextOrNull(20),
        OpenDependencies = row.Count(21),
        Gated = row.IsTrue(22),
        NotBefore = row.NumberOrNull(23),
        NotBeforeCode = row.TextOrNull(24),
        Ready = row.IsTrue(25),
        Epoch = row.Count(26),
        Failures = row.Count(27),
        Losses = row.Count(28),
        AssignmentId = row.TextOrNull(29),
        AgentId = row.TextOrNull(30),
        AvoidAgentId = row.TextOrNull(31),
        Rehearsal = row.IsTrue(32),
        LastOutcome = row.TextOrNull(33),
        LastReason = row.TextOrNull(34),
        CreatedAt = row.Number(35),
        UpdatedAt = row.Number(36),
        StartedAt = row.NumberOrNull(37),
        CompletedAt = row.NumberOrNull(38),
    };
}
