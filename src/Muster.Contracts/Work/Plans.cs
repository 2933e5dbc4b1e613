namespace Muster.Contracts.Work;

public sealed record PlanRequest
{
    /// <summary>The plan as Markdown.</summary>
    public required string Markdown { get; init; }

    /// <summary>Key or name of the project it belongs to; null in a preview.</summary>
    public string? Project { get; init; }
}

/// <summary>What a plan says, and where it disagrees with itself.</summary>
public sealed record PlanReport
{
    public string? Title { get; init; }
    public required IReadOnlyList<PlanEpic> Epics { get; init; }
    public required PlanTotals Heading { get; init; }
    public required PlanTotals EpicHeadings { get; init; }
    public required PlanTotals Listed { get; init; }

    /// <summary>Contradictions: said in one place, listed otherwise in another.</summary>
    public required IReadOnlyList<PlanFinding> Mismatches { get; init; }

    /// <summary>Lines that could not be understood. Nothing is guessed.</summary>
    public required IReadOnlyList<PlanFinding> NotUnderstood { get; init; }

    /// <summary>What makes an import impossible (a cycle, a number twice, an unknown dependency).</summary>
    public required IReadOnlyList<PlanFinding> Errors { get; init; }
}

public sealed record PlanTotals
{
    public int? Epics { get; init; }
    public int? Issues { get; init; }
    public double? Hours { get; init; }
}

public sealed record PlanFinding
{
    public int? Line { get; init; }
    public required string Text { get; init; }
}

public sealed record PlanEpic
{
    public required int Number { get; init; }
    public required string Title { get; init; }
    public required int Line { get; init; }
    public required PlanTotals Stated { get; init; }
    public Gate? Gate { get; init; }
    public required IReadOnlyList<PlanIssue> Issues { get; init; }
}

public sealed record PlanIssue
{
    public required string Number { get; init; }
    public required string Title { get; init; }
    public required int Line { get; init; }
    public string? Description { get; init; }
    public double? Hours { get; init; }
    public required int PercentComplete { get; init; }
    public required bool Done { get; init; }

    /// <summary>Marked as begun; how far is <see cref="PercentComplete"/>, 0 when the plan does not say.</summary>
    public bool? InProgress { get; init; }
    public string? Assignee { get; init; }
    public required IReadOnlyList<string> After { get; init; }
    public IReadOnlyList<string>? Labels { get; init; }
    public int? Priority { get; init; }
    public string? Role { get; init; }
    public bool? NeedsApproval { get; init; }
}

public sealed record PlanImported
{
    public required PlanReport Report { get; init; }
    public required int EpicsCreated { get; init; }
    public required int TasksCreated { get; init; }

    /// <summary>Issues already there under the same number, left as they are.</summary>
    public required int TasksKept { get; init; }
}
