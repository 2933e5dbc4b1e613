using Muster.Contracts.Conversations;
using Muster.Contracts.Work;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Conversations;

/// <summary>Something of a goal that only the person can do.</summary>
/// <param name="What">Which it is.</param>
/// <param name="How">What to say or run.</param>
internal sealed record NeedsPerson(string What, string How);

/// <summary>How a goal stands, from facts alone: what is done, what needs the person, what comes next. Never more than a phone's screen. Pure.</summary>
internal static class GoalReport
{
    public const int Lines = 12;
    public const int Width = 90;
    private const int Each = 3;

    public static string Text(GoalRow goal, IReadOnlyList<GoalTask> tasks, IReadOnlyList<NeedsPerson> approvals)
    {
        var counts = tasks.Where(t => t.Counts).ToList();
        var done = counts.Where(t => t.Status == TaskState.Done).ToList();
        List<string> lines = [$"{goal.Key} {Say(goal.State)}: {goal.Title ?? goal.Request}"];
        if (counts.Count > 0) lines.Add($"{done.Count} of {counts.Count} tasks done{Dropped(tasks, counts)}");
        if (goal.WaitsForModel) lines.Add($"Waits for a model ({goal.Waiting!.Replace('_', ' ')}): {goal.WaitingDetail}");
        Group(lines, "Done", [.. done.OrderByDescending(t => t.Number).Select(t => $"{t.Key} {t.Title}")]);
        Group(lines, "Needs you", [.. Needs(goal, counts, approvals)]);
        if (goal.State == GoalState.Running) Group(lines, "Next", [.. Next(counts)]);
        return string.Join('\n', lines.Take(Lines).Select(l => Wording.Line(l, Width)));
    }

    private static void Group(List<string> lines, string name, IReadOnlyList<string> items)
    {
        // A line each for a few; the rest is counted.
        for (var i = 0; i < Math.Min(items.Count, Each); i++)
            lines.Add($"{name}: {items[i]}{(i == Each - 1 && items.Count > Each ? $" (and {items.Count - Each} more)" : "")}");
    }

    private static IEnumerable<string> Needs(GoalRow goal, List<GoalTask> counts, IReadOnlyList<NeedsPerson> approvals)
    {
        if (goal.State == GoalState.WaitingApproval && goal.ApprovedVersion != goal.PlanVersion) yield return $"the plan waits for your yes: muster goal show {goal.Key}";
        if (goal.Waiting == GoalWaits.Person) yield return goal.WaitingDetail ?? "a decision";
        foreach (var failed in counts.Where(t => t.Failed && goal.Waiting != GoalWaits.Person)) yield return $"{failed.Key} failed: {failed.LastReason ?? "no reason given"}";
        foreach (var approval in approvals) yield return $"{approval.What}: {approval.How}";
    }

    private static IEnumerable<string> Next(List<GoalTask> counts) => counts
        .Where(t => !TaskLifecycle.IsFinal(t.Status))
        .OrderBy(t => t.Status switch { TaskState.Review => 0, TaskState.InProgress => 1, _ => 2 }).ThenBy(t => t.Number)
        .Select(t => $"{t.Key} {(t.Status == TaskState.InProgress ? $"{t.PercentComplete}%" : t.Status)} {t.Title}");

    private static string Dropped(IReadOnlyList<GoalTask> tasks, List<GoalTask> counts)
    {
        var (dropped, cancelled) = (tasks.Count - counts.Count, counts.Count(t => t.Status == TaskState.Cancelled));
        return (dropped, cancelled) switch
        {
            (0, 0) => "",
            (_, 0) => $", {dropped} replaced or dropped",
            (0, _) => $", {cancelled} cancelled",
            _ => $", {dropped} replaced or dropped, {cancelled} cancelled",
        };
    }

    private static string Say(string state) => state switch
    {
        GoalState.Planning => "is being planned",
        GoalState.WaitingApproval => "has a plan",
        GoalState.Running => "runs",
        GoalState.Done => "is done",
        GoalState.Failed => "has no plan",
        _ => "is cancelled",
    };
}
