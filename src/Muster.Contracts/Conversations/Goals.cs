namespace Muster.Contracts.Conversations;

public static class GoalState
{
    /// <summary>The Chief of Staff makes a plan, or another one.</summary>
    public const string Planning = "planning";
    public const string WaitingApproval = "waiting_approval";
    public const string Running = "running";
    public const string Done = "done";

    /// <summary>No plan came of it; saying more in its conversation takes it up again.</summary>
    public const string Failed = "failed";
    public const string Cancelled = "cancelled";

    public static IReadOnlyList<string> All { get; } = [Planning, WaitingApproval, Running, Done, Failed, Cancelled];
}

/// <summary>Whether a plan is begun at once.</summary>
public static class PlanApprovals
{
    /// <summary>A person approves the plan.</summary>
    public const string Plan = "plan";

    /// <summary>A plan that holds up is begun at once.</summary>
    public const string Auto = "auto";
}

/// <summary>What a goal waits for.</summary>
public static class GoalWaits
{
    /// <summary>No model answers now; it goes on by itself.</summary>
    public const string ProviderDown = "provider_down";

    /// <summary>What may be spent on models is spent.</summary>
    public const string Budget = "budget";

    /// <summary>No model is set up, or they are switched off.</summary>
    public const string ModelsOff = "models_off";

    /// <summary>A decision of the person.</summary>
    public const string Person = "person";
}

/// <summary>A wish of a person, its plan, and what has come of it.</summary>
public sealed record GoalInfo
{
    public required string Id { get; init; }

    /// <summary>As people see it: <c>G-3</c>.</summary>
    public required string Key { get; init; }
    public required string ConversationId { get; init; }

    /// <summary>The person's own words.</summary>
    public required string Request { get; init; }

    /// <summary>The goal in a sentence, once there is a plan.</summary>
    public string? Title { get; init; }

    /// <summary>One of <see cref="GoalState"/>.</summary>
    public required string State { get; init; }

    /// <summary>One of <see cref="PlanApprovals"/>; null while nobody knows which project it becomes part of.</summary>
    public string? Approval { get; init; }

    /// <summary>Key of its project.</summary>
    public string? Project { get; init; }
    public double? BudgetUsd { get; init; }
    public GoalPlan? Plan { get; init; }

    /// <summary>Counts up with each plan; an approval names the one it is for.</summary>
    public required int PlanVersion { get; init; }

    /// <summary>The version that was said yes to, by a person or by the rule of the project; the plane begins it by itself. 0 for none.</summary>
    public int ApprovedVersion { get; init; }

    /// <summary>What a person should know before approving, found by plain code: a role that nobody has.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>One of <see cref="GoalWaits"/>; null when it waits for nothing.</summary>
    public string? Waiting { get; init; }
    public string? WaitingDetail { get; init; }

    /// <summary>When it goes on by itself.</summary>
    public DateTimeOffset? RetryAt { get; init; }
    public required IReadOnlyList<GoalTaskInfo> Tasks { get; init; }

    /// <summary>Done, needs you, next: at most a phone's screen.</summary>
    public required string Report { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
}

public sealed record GoalTaskInfo
{
    /// <summary>Its number in the plan.</summary>
    public required int Number { get; init; }
    public required string Key { get; init; }
    public required string Title { get; init; }
    public required string Status { get; init; }
    public string? Role { get; init; }

    /// <summary>False when a change of the plan put others in its place or dropped it.</summary>
    public required bool Counts { get; init; }
    public string? LastReason { get; init; }
}

public sealed record ApproveGoal
{
    /// <summary>The version that was looked at; the newest when null.</summary>
    public int? PlanVersion { get; init; }
}

/// <summary>Answers to a plan's questions. What is not answered is taken by its default.</summary>
public sealed record AnswerGoal
{
    public required IReadOnlyList<QuestionAnswer> Answers { get; init; }
}

public sealed record QuestionAnswer
{
    /// <summary>Number of the question, from 1.</summary>
    public required int Question { get; init; }
    public required string Text { get; init; }
}
