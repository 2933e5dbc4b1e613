using Muster.Contracts.Conversations;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Conversations;

/// <summary>Changes of a waiting plan that plain code makes: tasks dropped, questions answered.</summary>
internal static class EditPlan
{
    /// <summary>Takes tasks out; what waited for one waits for what that one waited for. Answers what was done, or why not.</summary>
    public static string Drop(StoreTransaction tx, GoalRow goal, IReadOnlyList<int> numbers)
    {
        var plan = goal.ReadPlan()!;
        var unknown = numbers.Where(n => plan.Tasks.All(t => t.Number != n)).ToList();
        if (unknown.Count > 0) return $"The plan has no task {string.Join(", ", unknown)}.";
        if (numbers.Distinct().Count() >= plan.Tasks.Count) return "That would leave nothing. Say no to drop the whole plan.";
        var tasks = plan.Tasks;
        foreach (var number in numbers)
        {
            var dropped = tasks.First(t => t.Number == number);
            tasks = [.. tasks.Where(t => t.Number != number).Select(t => t.After.Contains(number) ? t with { After = [.. t.After.Where(n => n != number).Concat(dropped.After).Distinct()] } : t)];
        }

        var epics = plan.Epics.Where(e => tasks.Any(t => t.Epic == e.Number)).ToList();
        var changed = plan with { Tasks = tasks, Epics = epics };
        GoalWrites.Planned(tx, goal, changed, begin: false);
        return PlanSummary.Text(goal, changed, $"Without {string.Join(", ", numbers)}.", begun: false);
    }

    /// <summary>Notes answers. One that says what the plan assumed changes nothing; any other asks for another plan.</summary>
    public static string? Answer(StoreTransaction tx, GoalRow goal, IReadOnlyList<QuestionAnswer> answers)
    {
        if (goal.State != GoalState.WaitingApproval) throw Refusal.WrongState($"{goal.Key} is {goal.State.Replace('_', ' ')}; there is no plan whose questions wait.");
        var plan = goal.ReadPlan()!;
        var questions = plan.Questions.ToList();
        foreach (var answer in answers)
        {
            if (answer.Question < 1 || answer.Question > questions.Count) throw Refusal.Invalid("answers", $"{goal.Key} has {questions.Count} questions; there is no question {answer.Question}.");
            questions[answer.Question - 1] = questions[answer.Question - 1] with { Answer = answer.Text.Trim() };
        }

        var changed = plan with { Questions = questions };
        GoalWrites.Keep(tx, goal, changed);
        if (questions.All(q => q.Answer is null || string.Equals(q.Answer, q.Default, StringComparison.OrdinalIgnoreCase))) return "That is what the plan assumes. Say yes to begin.";
        GoalWrites.Wish(tx, goal);
        return null;
    }
}
