using System.Data.Common;
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

    /// <summary>Reads a row of <see cref="Columns"/>; by hand, because this is done for every task that is given out.</summary>
    public static TaskRow Read(DbDataReader reader) => new()
    {
        Id = reader.GetString(0),
        ProjectId = reader.GetString(1),
        Number = (int)reader.GetInt64(2),
        EpicId = reader.Text(3),
        IssueNumber = reader.Text(4),
        Title = reader.GetString(5),
        Description = reader.Text(6),
        Labels = reader.GetString(7),
        Priority = (int)reader.GetInt64(8),
        Role = reader.Text(9),
        PreviousStatus = reader.GetString(10),
        Status = reader.GetString(11),
        PercentComplete = (int)reader.GetInt64(12),
        EstimateMinutes = reader.Number(13),
        SpentMinutes = reader.GetInt64(14),
        Branch = reader.Text(15),
        HeadSha = reader.Text(16),
        PullNumber = (int?)reader.Number(17),
        Contract = reader.GetString(18),
        NeedsApproval = reader.GetInt64(19) != 0,
        ParentId = reader.Text(20),
        OpenDependencies = (int)reader.GetInt64(21),
        Gated = reader.GetInt64(22) != 0,
        NotBefore = reader.Number(23),
        NotBeforeCode = reader.Text(24),
        Ready = reader.GetInt64(25) != 0,
        Epoch = (int)reader.GetInt64(26),
        Failures = (int)reader.GetInt64(27),
        Losses = (int)reader.GetInt64(28),
        AssignmentId = reader.Text(29),
        AgentId = reader.Text(30),
        AvoidAgentId = reader.Text(31),
        Rehearsal = reader.GetInt64(32) != 0,
        LastOutcome = reader.Text(33),
        LastReason = reader.Text(34),
        CreatedAt = reader.GetInt64(35),
        UpdatedAt = reader.GetInt64(36),
        StartedAt = reader.Number(37),
        CompletedAt = reader.Number(38),
    };
}
