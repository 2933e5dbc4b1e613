using Muster.Contracts.Conversations;

namespace Muster.ControlPlane.Conversations;

/// <summary>A plan on a phone's screen: what, how much, what is asked, what to say. Pure.</summary>
internal static class PlanSummary
{
    public const int Lines = 14;
    public const int Width = 90;

    public static string Text(GoalRow goal, GoalPlan plan, string say, bool begun)
    {
        var waves = PlanWaves.Of(plan.Tasks);
        List<string> lines = [];
        if (!string.IsNullOrWhiteSpace(say)) lines.Add(Wording.Line(say, Width * 3));
        lines.Add($"{goal.Key}: {Wording.Line(plan.Goal, Width)}");
        lines.Add($"{plan.Tasks.Count} tasks in {waves.Count} waves, {plan.Tasks.Sum(t => t.Hours):0.#} h{(plan.BudgetUsd is { } budget ? $", at most ${budget:0.##}" : "")}, for {plan.Project.Key ?? $"a new project from {Wording.Line(plan.Project.Repository, 50)}"}");
        foreach (var task in plan.Tasks.Take(5)) lines.Add($"{task.Number} {Wording.Line(task.Title, 60)} ({task.Role})");
        if (plan.Tasks.Count > 5) lines.Add($"and {plan.Tasks.Count - 5} more");
        foreach (var (question, number) in plan.Questions.Select((q, i) => (q, i + 1)).Take(3)) lines.Add($"? {number}: {Wording.Line(question.Text, 70)} [{Wording.Line(question.Default, 40)}]");
        lines.Add(begun ? "I begin now." : "Say yes to begin, no to drop it, or what to change.");
        return string.Join('\n', lines.Count <= Lines ? lines : [.. lines.Take(Lines - 1), lines[^1]]);
    }
}
