using System.ComponentModel;

namespace Muster.Contracts.Conversations;

/// <summary>A plan as data. What the comments in <c>Description</c> say is told to the model that makes it.</summary>
public sealed record GoalPlan
{
    [Description("One sentence: what will be true when the goal is reached, and how that will be known. At most 200 characters.")]
    public required string Goal { get; init; }
    public required PlanProject Project { get; init; }

    [Description("Parts of a large plan, numbered 1, 2, 3; an empty list for a small one.")]
    public required IReadOnlyList<PlannedEpic> Epics { get; init; }
    public required IReadOnlyList<PlannedTask> Tasks { get; init; }

    [Description("What may go wrong, the worst first; at most 5, each one line.")]
    public required IReadOnlyList<string> Risks { get; init; }

    [Description("Only questions whose answer would change the plan; the plan is made for their defaults.")]
    public required IReadOnlyList<PlanQuestion> Questions { get; init; }

    [Description("The most that all of it may cost in US dollars; null when nobody named a limit.")]
    public double? BudgetUsd { get; init; }
}

/// <summary>Where the work goes: a project that is there, or a new one made from a repository that the person named.</summary>
public sealed record PlanProject
{
    [Description("Key of a project in the list of projects; null for a new one.")]
    public string? Key { get; init; }

    [Description("For a new project: path or URL of the repository, exactly as the person wrote it.")]
    public string? Repository { get; init; }

    [Description("For a new project: its name.")]
    public string? Name { get; init; }
}

public sealed record PlannedEpic
{
    public required int Number { get; init; }
    public required string Title { get; init; }
}

public sealed record PlannedTask
{
    [Description("1, 2, 3 ... within this plan.")]
    public required int Number { get; init; }

    [Description("What is to be done, in one line.")]
    public required string Title { get; init; }

    [Description("Everything that a stranger needs to do it: where to look, what must be true afterwards, what to leave alone.")]
    public required string Description { get; init; }

    [Description("Number of its epic; null for none.")]
    public int? Epic { get; init; }

    [Description("One of the roles in the list of roles; null when labels pick it.")]
    public string? Role { get; init; }

    [Description("Labels that pick the role, from the list of roles; may be empty.")]
    public required IReadOnlyList<string> Labels { get; init; }

    [Description("1 is most urgent, 5 least.")]
    public required int Priority { get; init; }

    [Description("Numbers of the tasks that must be done first.")]
    public required IReadOnlyList<int> After { get; init; }

    [Description("The evidence that done needs: items joined by +, such as commit + test(pass) + pr(merged). Null takes the project's own.")]
    public string? Contract { get; init; }

    [Description("Estimate in hours.")]
    public required double Hours { get; init; }

    [Description("The most that this task may cost in US dollars; null for none of its own.")]
    public double? BudgetUsd { get; init; }

    [Description("Whether a person must approve its pull request whatever the project says: for what cannot be undone.")]
    public bool? NeedsApproval { get; init; }
}

public sealed record PlanQuestion
{
    public required string Text { get; init; }

    [Description("What the plan assumes, and what is done when nobody answers.")]
    public required string Default { get; init; }

    /// <summary>What the person said; the default when null.</summary>
    public string? Answer { get; init; }
}
