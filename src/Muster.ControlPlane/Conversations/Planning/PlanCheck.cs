using Muster.Contracts.Conversations;
using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Conversations.Planning;

/// <summary>
/// Whether a plan holds up: every fault as a sentence that whoever made the plan can mend. Nothing of a plan is believed
/// before it has passed here. Pure.
/// </summary>
internal static class PlanCheck
{
    private const int Told = 25;

    public static IReadOnlyList<string> Faults(GoalPlan plan, PlanFacts facts)
    {
        var limits = facts.Limits;
        // Sizes first: what is far too large is not looked at further.
        if (plan.Tasks.Count > limits.MaxTasks || plan.Epics.Count > limits.MaxTasks)
            return [$"The plan has {plan.Tasks.Count} tasks and {plan.Epics.Count} epics; at most {limits.MaxTasks} are allowed. Plan the first part of the goal, and say in a risk what is left for later."];
        if (Empty(plan) is { } empty) return [empty];
        var faults = new List<string>();
        OneLine(faults, plan.Goal, "goal", 300);
        if (plan.Tasks.Count == 0) faults.Add("The plan has no tasks. Name at least one, or leave the plan null when nothing is to be done.");
        var project = Project(faults, plan.Project, facts);
        Epics(faults, plan);
        TaskCheck.Run(faults, plan.Tasks, new TaskRules(facts, project, plan.Project.Repository is not null, plan.Epics.Select(e => e.Number).ToHashSet(), new HashSet<int>()));
        Lists(faults, plan, limits);
        Budget(faults, plan, facts);
        return faults.Count <= Told ? faults : [.. faults.Take(Told), $"and {faults.Count - Told} more faults"];
    }

    /// <summary>The plan as it is kept: roles picked, texts trimmed, the budget that holds.</summary>
    public static GoalPlan Normal(GoalPlan plan, PlanFacts facts) => plan with
    {
        Goal = plan.Goal.Trim(),
        Project = facts.Project(plan.Project.Key) is { } known ? new PlanProject { Key = known.Key } : plan.Project,
        Epics = [.. plan.Epics.Select(e => e with { Title = e.Title.Trim() })],
        Tasks = [.. plan.Tasks.Select(t => TaskCheck.Normal(t, facts)).OrderBy(t => t.Number)],
        Questions = [.. plan.Questions.Select(q => q with { Answer = null })],
        BudgetUsd = plan.BudgetUsd ?? facts.BudgetUsd,
    };

    internal static void OneLine(List<string> faults, string text, string field, int max)
    {
        if (string.IsNullOrWhiteSpace(text)) faults.Add($"{field} is empty.");
        else if (text.Length > max) faults.Add($"{field} has {text.Length} characters; at most {max} are allowed.");
        else if (text.Contains('\n', StringComparison.Ordinal) || !Wording.IsPlain(text, lines: false)) faults.Add($"{field} must be one line of plain text without control characters.");
    }

    // Lists of JSON may hold null although their types do not say so.
    private static string? Empty(GoalPlan plan) =>
        plan.Tasks.Any(t => t is null) || plan.Epics.Any(e => e is null) || plan.Risks.Any(r => r is null) || plan.Questions.Any(q => q is null)
        || plan.Tasks.Any(t => t.Labels.Any(l => l is null)) ? "A list of the plan holds null; leave out what is not there." : null;

    private static ProjectRow? Project(List<string> faults, PlanProject wanted, PlanFacts facts)
    {
        if (wanted.Key is not null)
        {
            var found = facts.Project(wanted.Key);
            if (found is null) faults.Add($"project.key '{Wording.Line(wanted.Key, 40)}' is no project. The projects are: {Keys(facts)}.");
            else if (facts.Only is { } only && only.Id != found.Id) faults.Add($"project.key must be {only.Key}: the person named that project.");
            if (wanted.Repository is not null) faults.Add("project has a key and a repository: give the key of a project that is there, or the repository of a new one.");
            return found;
        }

        if (facts.Only is { } named) faults.Add($"project.key must be {named.Key}: the person named that project.");
        else if (wanted.Repository is not { Length: > 0 } repository) faults.Add($"project names neither a key nor a repository. The projects are: {Keys(facts)}.");
        // The one place where a plan could reach for something that nobody offered.
        else if (!facts.Words.Any(w => Names(w, repository))) faults.Add("project.repository must be written exactly as the person wrote it, and the person did not name this one.");
        else OneLine(faults, wanted.Name ?? "", "project.name", 100);
        return null;
    }

    private static bool Names(string words, string repository) =>
        words.Split([' ', '\n', '\t', '\r', '"', '\'', '`', '<', '>', '(', ')', ','], StringSplitOptions.RemoveEmptyEntries)
            .Any(w => w == repository || w.TrimEnd('.', ';', ':', '!', '?') == repository);

    private static string Keys(PlanFacts facts) => facts.Projects.Count == 0 ? "none yet" : string.Join(", ", facts.Projects.Take(30).Select(p => p.Key));

    private static void Epics(List<string> faults, GoalPlan plan)
    {
        if (plan.Epics.Select(e => e.Number).Distinct().Count() != plan.Epics.Count) faults.Add("Two epics have the same number.");
        foreach (var epic in plan.Epics)
        {
            if (epic.Number is < 1 or > 1000) faults.Add($"epic {epic.Number}: numbers are 1, 2, 3 ...");
            OneLine(faults, epic.Title, $"title of epic {epic.Number}", 120);
            if (plan.Tasks.All(t => t.Epic != epic.Number)) faults.Add($"epic {epic.Number} has no task.");
        }
    }

    private static void Lists(List<string> faults, GoalPlan plan, ChiefOptions limits)
    {
        if (plan.Risks.Count > 5) faults.Add($"The plan names {plan.Risks.Count} risks; name the 5 worst.");
        foreach (var risk in plan.Risks.Take(5)) OneLine(faults, risk, "a risk", 300);
        if (plan.Questions.Count > limits.MaxQuestions) faults.Add($"The plan asks {plan.Questions.Count} questions; at most {limits.MaxQuestions} are allowed. Keep those whose answer changes the plan most.");
        foreach (var question in plan.Questions.Take(limits.MaxQuestions))
        {
            OneLine(faults, question.Text, "a question", 300);
            OneLine(faults, question.Default, "the default of a question", 300);
        }
    }

    private static void Budget(List<string> faults, GoalPlan plan, PlanFacts facts)
    {
        var limit = plan.BudgetUsd ?? facts.BudgetUsd;
        if (plan.BudgetUsd is < 0 or > 1_000_000) faults.Add("budgetUsd is 0 to 1000000.");
        if (facts.BudgetUsd is { } most && plan.BudgetUsd > most) faults.Add($"budgetUsd is {plan.BudgetUsd:0.##} and the person allows {most:0.##}.");
        var sum = plan.Tasks.Sum(t => t.BudgetUsd ?? 0);
        if (limit is { } all && sum > all + 0.000001) faults.Add($"The budgets of the tasks add up to {sum:0.##}, which is more than {all:0.##}.");
    }
}
