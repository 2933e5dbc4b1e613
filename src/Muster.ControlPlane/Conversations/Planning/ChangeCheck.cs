using Muster.Contracts.Conversations;
using Muster.Contracts.Work;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Conversations.Planning;

/// <summary>A running goal as a change of its plan is checked against it.</summary>
/// <param name="Facts">What is known.</param>
/// <param name="Project">Its project.</param>
/// <param name="Tasks">Its tasks.</param>
/// <param name="Edges">Which of them waits for which, by their numbers in the plan.</param>
internal sealed record RunningPlan(PlanFacts Facts, ProjectRow Project, IReadOnlyList<GoalTask> Tasks, IReadOnlyList<(int Task, int On)> Edges)
{
    /// <summary>What cannot begin before a task is done, directly or through others.</summary>
    public HashSet<int> Behind(int number)
    {
        var seen = new HashSet<int>();
        var open = new Stack<int>([number]);
        while (open.TryPop(out var next))
            foreach (var (task, _) in Edges.Where(e => e.On == next))
                if (seen.Add(task)) open.Push(task);
        return seen;
    }
}

/// <summary>Whether a change of a running plan holds up. Pure.</summary>
internal static class ChangeCheck
{
    private const int Steps = 20;

    public static IReadOnlyList<string> Faults(ChangeAnswer change, RunningPlan running)
    {
        if (change.Steps.Count > Steps) return [$"The change has {change.Steps.Count} steps; at most {Steps} are allowed."];
        if (change.Steps.Any(s => s is null || s.Tasks.Any(t => t is null || t.Labels.Any(l => l is null)))) return ["A list of the change holds null; leave out what is not there."];
        var faults = new List<string>();
        if (string.IsNullOrWhiteSpace(change.Say) && change.Steps.Count == 0) faults.Add("The answer says nothing and changes nothing.");
        foreach (var twice in change.Steps.Where(s => s.Task is not null && s.Kind != StepKind.Ask).GroupBy(s => s.Task).Where(g => g.Count() > 1)) faults.Add($"Task {twice.Key} has more than one step; decide on one.");
        foreach (var step in change.Steps) Step(faults, step, running);
        var dealt = change.Steps.Where(s => s.Task is not null).Select(s => s.Task!.Value).ToHashSet();
        if (!change.Steps.Any(s => s is { Kind: StepKind.Ask, Task: null }))
            foreach (var left in running.Tasks.Where(t => t.NeedsCare && !dealt.Contains(t.Number))) faults.Add($"Task {left.Number} failed and no step deals with it.");
        New(faults, change, running);
        return [.. faults.Take(25)];
    }

    /// <summary>New tasks as they are kept; an epic is not theirs to choose.</summary>
    public static PlannedTask Normal(PlannedTask task, PlanFacts facts) => TaskCheck.Normal(task, facts) with { Epic = null };

    private static void Step(List<string> faults, PlanStep step, RunningPlan running)
    {
        var name = step.Kind.ToString().ToLowerInvariant();
        var task = step.Task is { } number ? running.Tasks.FirstOrDefault(t => t.Number == number && t.Counts) : null;
        if (step.Task is not null && task is null) faults.Add($"{name}: there is no task {step.Task} in the plan.");
        if (step.Task is null && step.Kind is not (StepKind.Add or StepKind.Ask)) faults.Add($"{name}: say which task.");
        if (step.Kind is StepKind.Add && step.Task is not null) faults.Add("add: it is about no task that is there; leave task null.");
        if (step.Words is { } words && (words.Length > 2000 || !Wording.IsPlain(words, lines: true))) faults.Add($"{name}: words have at most 2000 plain characters.");
        if (step.Kind is StepKind.Retry or StepKind.Ask && string.IsNullOrWhiteSpace(step.Words)) faults.Add(step.Kind == StepKind.Ask ? "ask: words hold the question." : $"retry of task {step.Task}: words say what to do differently; the same again is no change.");
        if (step.Kind is not (StepKind.Split or StepKind.Add) && step.Tasks.Count > 0) faults.Add($"{name}: only split and add have tasks.");
        if (step.Kind is StepKind.Split or StepKind.Add && step.Tasks.Count is < 1 or > 10) faults.Add($"{name}: give 1 to 10 new tasks.");
        if (step.Kind == StepKind.Reassign) Role(faults, step, running);
        if (task is not null) State(faults, step, task, name, running.Facts.Limits);
    }

    private static void Role(List<string> faults, PlanStep step, RunningPlan running)
    {
        var known = running.Facts.Roles.All.Select(r => r.Name).Where(r => r != TaskCheck.OwnRole).Order(StringComparer.Ordinal).ToList();
        if (step.Role is null || !known.Contains(step.Role, StringComparer.OrdinalIgnoreCase)) faults.Add($"reassign: '{Wording.Line(step.Role, 40)}' is no role that tasks are given to. The roles are: {string.Join(", ", known)}.");
    }

    private static void State(List<string> faults, PlanStep step, GoalTask task, string name, ChiefOptions limits)
    {
        if (step.Kind == StepKind.Ask) return;
        if (task.Status == TaskState.Done) faults.Add($"{name}: task {task.Number} is done; leave it.");
        if (step.Kind is StepKind.Retry && task.Status is not (TaskState.Failed or TaskState.Quarantined or TaskState.Cancelled)) faults.Add($"retry: task {task.Number} is {task.Status.Replace('_', ' ')}, so it cannot be tried again.");
        if (step.Kind is StepKind.Reassign && task.Status is TaskState.InProgress or TaskState.Review) faults.Add($"reassign: task {task.Number} is being worked on.");
        if (step.Kind is StepKind.Retry or StepKind.Reassign && task.Failed && task.Changes >= limits.MaxTaskChanges) faults.Add($"{name}: task {task.Number} was sent out again {task.Changes} times already; split it, drop it or ask.");
    }

    private static void New(List<string> faults, ChangeAnswer change, RunningPlan running)
    {
        var all = change.Steps.SelectMany(s => s.Tasks).Select(t => Normal(t, running.Facts)).ToList();
        if (all.Count == 0) return;
        var most = running.Facts.Limits.MaxTasks * 2;
        if (running.Tasks.Count + all.Count > most) faults.Add($"With {all.Count} more tasks the goal would have {running.Tasks.Count + all.Count}; at most {most} are allowed.");
        var leaving = change.Steps.Where(s => s.Kind is StepKind.Split or StepKind.Drop).Select(s => s.Task ?? 0).ToHashSet();
        var there = running.Tasks.Where(t => t.Counts && !leaving.Contains(t.Number)).Select(t => t.Number).ToHashSet();
        // Numbers of what no longer counts stay taken.
        foreach (var taken in all.Where(t => running.Tasks.Any(o => !there.Contains(o.Number) && o.Number == t.Number))) faults.Add($"The number {taken.Number} is used for more than one task.");
        foreach (var twice in change.Steps.SelectMany(s => s.Tasks.Select(t => t.Number).Distinct()).GroupBy(n => n).Where(g => g.Count() > 1)) faults.Add($"The number {twice.Key} is used in more than one step.");
        // Each step by itself: its tasks wait for each other and for what is there, not for those of another step.
        foreach (var step in change.Steps.Where(s => s.Tasks.Count > 0))
            TaskCheck.Run(faults, [.. step.Tasks.Select(t => Normal(t, running.Facts))], new TaskRules(running.Facts, running.Project, running.Project.Repository is not null, new HashSet<int>(), there));
        foreach (var step in change.Steps.Where(s => s is { Kind: StepKind.Split, Task: not null }))
        {
            var behind = running.Behind(step.Task!.Value);
            foreach (var task in step.Tasks.Where(t => t.After.Any(behind.Contains))) faults.Add($"task {task.Number} would wait for a task that waits for it in place of task {step.Task}.");
        }
    }
}
