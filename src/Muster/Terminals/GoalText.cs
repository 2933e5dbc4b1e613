using Muster.Contracts.Conversations;

namespace Muster.Terminals;

/// <summary>A goal and its plan in words: what fits on a phone first, then wave by wave.</summary>
internal static class GoalText
{
    public static void WritePlan(Terminal terminal, GoalInfo goal)
    {
        if (goal.Plan is not { } plan)
        {
            WriteReport(terminal, goal);
            return;
        }

        var waves = PlanWaves.Of(plan.Tasks);
        terminal.Line($"{goal.Key}  {Plain.Line(plan.Goal)}", Tone.Strong);
        terminal.Line($"{Words.Count(plan.Tasks.Count, "task")} in {Words.Count(waves.Count, "wave")}, {plan.Tasks.Sum(t => t.Hours):0.#} h{(plan.BudgetUsd is { } budget ? $", at most ${budget:0.##}" : "")}, for {Where(plan)}");
        for (var i = 0; i < plan.Questions.Count; i++) Question(terminal, plan.Questions[i], i + 1);
        foreach (var risk in plan.Risks) terminal.Line($"risk  {Plain.Line(risk)}", Tone.Warn);
        foreach (var note in goal.Notes) terminal.Line($"note  {Plain.Line(note)}", Tone.Warn);
        for (var i = 0; i < waves.Count; i++)
        {
            terminal.Line();
            terminal.Line($"wave {i + 1}", Tone.Faint);
            var grid = new Grid("#", "ROLE", "HOURS", "AFTER", "EPIC", "DONE MEANS", "TITLE");
            foreach (var task in waves[i])
            {
                grid.Row($"{task.Number}", task.Role ?? string.Join(' ', task.Labels), $"{task.Hours:0.##}", string.Join(' ', task.After), task.Epic is { } epic ? Plain.Fit(plan.Epics.FirstOrDefault(e => e.Number == epic)?.Title, 24) : "",
                    task.Contract ?? "", $"{task.Title}{(task.NeedsApproval == true ? " (a person approves)" : "")}");
            }

            grid.WriteTo(terminal, "");
        }
    }

    public static void WriteReport(Terminal terminal, GoalInfo goal)
    {
        foreach (var line in Plain.Lines(goal.Report).Split('\n'))
            terminal.Line(line, line.StartsWith("Needs you", StringComparison.Ordinal) ? Tone.Warn : line.StartsWith("Done", StringComparison.Ordinal) ? Tone.Good : Tone.None);
    }

    /// <summary>What to run next, for who cannot be asked.</summary>
    public static void WriteWays(Terminal terminal, GoalInfo goal)
    {
        terminal.Line();
        terminal.Line($"begin   muster goal approve {goal.Key}");
        terminal.Line($"change  muster ask --goal {goal.Key} \"WHAT TO CHANGE\"");
        terminal.Line($"reject  muster goal reject {goal.Key}");
    }

    private static string Where(GoalPlan plan) => plan.Project.Key ?? $"a new project '{Plain.Line(plan.Project.Name)}' from {Plain.Line(plan.Project.Repository)}";

    private static void Question(Terminal terminal, PlanQuestion question, int number)
    {
        terminal.Line($"{number}?    {Plain.Line(question.Text)}", Tone.Busy);
        terminal.Line(question.Answer is { } answer ? $"      you said: {Plain.Line(answer)}" : $"      taken: {Plain.Line(question.Default)}  (say \"{number}: ...\" for another answer)");
    }
}
