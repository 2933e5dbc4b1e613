using Muster.Contracts.Conversations;
using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Conversations.Planning;

/// <param name="Facts">What is known.</param>
/// <param name="Project">The project that they become part of; null for a new one.</param>
/// <param name="HasGit">Whether a new project has a repository.</param>
/// <param name="Epics">Numbers of epics that they may name.</param>
/// <param name="There">Numbers of tasks that are there already and may be waited for.</param>
internal sealed record TaskRules(PlanFacts Facts, ProjectRow? Project, bool HasGit, IReadOnlySet<int> Epics, IReadOnlySet<int> There);

/// <summary>Whether planned tasks hold up, those of a plan and those of a change alike. Pure.</summary>
internal static class TaskCheck
{
    /// <summary>The Chief of Staff plans and delegates; the work is others'.</summary>
    public const string OwnRole = "chief-of-staff";

    public static void Run(List<string> faults, IReadOnlyList<PlannedTask> tasks, TaskRules rules)
    {
        var numbers = tasks.Select(t => t.Number).ToList();
        foreach (var twice in numbers.GroupBy(n => n).Where(g => g.Count() > 1 || rules.There.Contains(g.Key)))
            faults.Add($"The number {twice.Key} is used for more than one task.");
        foreach (var task in tasks) One(faults, task, rules, numbers);
        // Dependencies that are not there are told above; what is left over of the rest waits in a circle.
        var known = tasks.Select(t => t with { After = [.. t.After.Where(numbers.Contains)] }).ToList();
        var placed = PlanWaves.Of(known).SelectMany(w => w).Select(t => t.Number).ToHashSet();
        var circle = numbers.Where(n => !placed.Contains(n)).Distinct().Take(20).ToList();
        if (circle.Count > 0) faults.Add($"Tasks {string.Join(", ", circle)} wait for each other in a circle, or for one that does; take one of the dependencies away.");
    }

    public static PlannedTask Normal(PlannedTask task, PlanFacts facts) => task with
    {
        Title = task.Title.Trim(),
        Description = task.Description.Trim(),
        Role = task.Role ?? facts.Roles.ByLabels(task.Labels),
        Labels = [.. task.Labels.Distinct(StringComparer.Ordinal)],
        After = [.. task.After.Distinct()],
        Contract = string.IsNullOrWhiteSpace(task.Contract) ? null : task.Contract.Trim(),
    };

    private static void One(List<string> faults, PlannedTask task, TaskRules rules, List<int> numbers)
    {
        var name = $"task {task.Number}";
        var limits = rules.Facts.Limits;
        if (task.Number is < 1 or > 10_000) faults.Add($"{name}: numbers are 1 to 10000.");
        PlanCheck.OneLine(faults, task.Title, $"title of {name}", 150);
        if (string.IsNullOrWhiteSpace(task.Description)) faults.Add($"description of {name} is empty: say what a stranger needs to know.");
        else if (task.Description.Length > 6000) faults.Add($"description of {name} has {task.Description.Length} characters; at most 6000 are allowed.");
        else if (!Wording.IsPlain(task.Description, lines: true)) faults.Add($"description of {name} holds control characters.");
        if (task.Epic is { } epic && !rules.Epics.Contains(epic)) faults.Add($"{name} is part of epic {epic}, which is not there.");
        if (task.Priority is < 1 or > 5) faults.Add($"priority of {name} is {task.Priority}; it is 1 (most urgent) to 5.");
        // Written so that what is no number fails as well.
        if (!(task.Hours > 0 && task.Hours <= limits.MaxTaskHours)) faults.Add($"{name} is estimated at {task.Hours:0.##} hours; more than 0 and at most {limits.MaxTaskHours} are allowed. Split it.");
        if (task.BudgetUsd is < 0 or > 1_000_000) faults.Add($"budgetUsd of {name} is 0 to 1000000.");
        if (task.After.Count > 50) faults.Add($"{name} waits for {task.After.Count} tasks; at most 50.");
        foreach (var on in task.After.Distinct().Take(50).Where(on => !numbers.Contains(on) && !rules.There.Contains(on))) faults.Add($"{name} waits for task {on}, which is not there.");
        Role(faults, task, name, rules.Facts);
        Evidence(faults, task, name, rules);
    }

    private static void Role(List<string> faults, PlannedTask task, string name, PlanFacts facts)
    {
        if (task.Labels.Count > 20 || task.Labels.Any(l => l.Length is 0 or > 50 || !Wording.IsPlain(l, lines: false))) faults.Add($"{name}: at most 20 labels of 1 to 50 plain characters.");
        var role = task.Role ?? facts.Roles.ByLabels(task.Labels);
        var known = facts.Roles.All.Select(r => r.Name).Where(r => r != OwnRole).Order(StringComparer.Ordinal).ToList();
        if (role is null) faults.Add($"{name} names no role, and its labels pick none. The roles are: {string.Join(", ", known)}.");
        else if (!known.Contains(role, StringComparer.OrdinalIgnoreCase)) faults.Add($"role '{Wording.Line(role, 40)}' of {name} is not one that tasks are given to. The roles are: {string.Join(", ", known)}.");
    }

    private static void Evidence(List<string> faults, PlannedTask task, string name, TaskRules rules)
    {
        var role = rules.Facts.Roles.Find(task.Role ?? rules.Facts.Roles.ByLabels(task.Labels));
        var hasGit = rules.HasGit || rules.Project?.Repository is not null;
        var wanted = string.IsNullOrWhiteSpace(task.Contract) ? Fleet.Roles.Role.ContractFor(role, rules.Project?.Contract ?? (hasGit ? "commit + test(pass) + pr(merged)" : ""), hasGit) : task.Contract;
        var (contract, errors) = Contract.Parse(wanted);
        if (contract is null) faults.Add($"contract of {name}: {Wording.Line(string.Join(' ', errors), 300)}");
        else if (contract.Items.Count == 0) faults.Add($"{name} names no evidence that done needs, and its project has none of its own; name it in contract, such as research.");
        else if (contract.AsksForGit && !hasGit) faults.Add($"contract of {name} asks for git, and the project has no repository; use research or citation.");
    }
}
