using Muster.Contracts.Conversations;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Tools;
using Muster.Contracts.Work;

namespace Muster.Contracts.Progress;

/// <summary>What a person should know in the morning. Of each kind at most <see cref="Most"/>; the counts say how many there are.</summary>
public sealed record TodayReport
{
    public const int Most = 20;

    public required ProgressSummary Summary { get; init; }
    public required Needs Needs { get; init; }

    /// <summary>What is planned or carried out.</summary>
    public required IReadOnlyList<GoalInfo> Goals { get; init; }

    /// <summary>What agents work on, and what is in review without waiting for a person.</summary>
    public required IReadOnlyList<TaskInfo> Running { get; init; }

    /// <summary>What was done last, since the time that was asked for.</summary>
    public required IReadOnlyList<TaskInfo> Done { get; init; }

    /// <summary>Number of agents by how they are: <c>working</c>, <c>ready</c>, <c>paused</c>, <c>draining</c>, <c>stopped</c>, or a health that is none of these.</summary>
    public required IReadOnlyDictionary<string, int> Crew { get; init; }
    public required IReadOnlyList<BudgetInfo> Budgets { get; init; }
}

/// <summary>What waits for a person's word or hand, the newest or most urgent of each kind.</summary>
public sealed record Needs
{
    public required NeedsCount Count { get; init; }
    public required IReadOnlyList<GoalInfo> Plans { get; init; }
    public required IReadOnlyList<PullInfo> Pulls { get; init; }
    public required IReadOnlyList<AskedQuestion> Questions { get; init; }
    public required IReadOnlyList<TaskInfo> Broken { get; init; }
    public required IReadOnlyList<GoalInfo> Goals { get; init; }
    public required IReadOnlyList<ToolInfo> Tools { get; init; }
    public required IReadOnlyList<QueueEntry> Epics { get; init; }
    public required IReadOnlyList<DeploymentInfo> Deployments { get; init; }
    public required IReadOnlyList<AgentInfo> Agents { get; init; }
    public required IReadOnlyList<BudgetInfo> Budgets { get; init; }
}

/// <summary>A task whose agent asked something, and the question.</summary>
public sealed record AskedQuestion
{
    public required TaskInfo Task { get; init; }
    public string? Text { get; init; }
}

/// <summary>How much waits for a person's word or hand.</summary>
public sealed record NeedsCount
{
    /// <summary>Plans that wait for a yes.</summary>
    public required int Plans { get; init; }

    /// <summary>Pull requests that wait for an approval.</summary>
    public required int Pulls { get; init; }

    /// <summary>Tasks whose agent asked something.</summary>
    public required int Questions { get; init; }

    /// <summary>Tasks that failed for good, or were put aside.</summary>
    public required int Broken { get; init; }

    /// <summary>Goals of which no plan came.</summary>
    public required int Goals { get; init; }

    /// <summary>Tools that passed their tests and wait for a word.</summary>
    public required int Tools { get; init; }

    /// <summary>Epics whose merge does not go through.</summary>
    public required int Epics { get; init; }

    /// <summary>Environments whose newest deployment did not come up.</summary>
    public required int Deployments { get; init; }

    /// <summary>Agents that should run and are not heard of, or do not stay alive.</summary>
    public required int Agents { get; init; }

    /// <summary>Budgets of which four fifths or more are used.</summary>
    public required int Budgets { get; init; }

    public int Total => Plans + Pulls + Questions + Broken + Goals + Tools + Epics + Deployments + Agents + Budgets;
}
