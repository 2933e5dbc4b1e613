using Muster.Contracts.Conversations;
using Muster.ControlPlane.Conversations.Planning;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Conversations.Running;

/// <summary>Makes the plan of a goal, or another one after a wish: asks, checks, and puts it before the person or begins it, as the policy says.</summary>
internal sealed class PlanGoal(Store store, ReadFacts facts, Preferences preferences, Thinker thinker, GoalWaiting waiting)
{
    private const int History = 12;

    public async Task RunAsync(GoalRow goal, CancellationToken ct)
    {
        var turns = await facts.TurnsAsync(goal.ConversationId, History, ct);
        var known = await facts.PlanAsync(goal, turns, ct);
        // Where there is one project only, it is most likely the one that is meant.
        var near = known.Only ?? (known.Projects.Count == 1 ? known.Projects[0] : null);
        var open = near is null ? [] : await facts.OpenTasksAsync(near, ct);
        var repository = near is null ? null : await facts.RepositoryAsync(near, ct);
        var question = ChiefPrompt.Facts(known, preferences.ForModels(), open, repository) + ChiefPrompt.LastPlan(goal.ReadPlan(), goal.Plan) + ChiefPrompt.Said(turns);
        var thought = await thinker.AskAsync<PlanAnswer>(goal, ChiefPrompt.Instructions(known, ChiefPrompt.PlanTask(known)), question, answer => Faults(answer, known), ct);
        if (thought.Unavailable is { } unavailable) await waiting.ForModelAsync(goal, unavailable, ct);
        else if (thought.Void) await waiting.ForPersonAfterTooManyAsync(goal, ct);
        else await store.WriteAsync(tx => Write(tx, goal, thought, known), ct);
    }

    private static IReadOnlyList<string> Faults(PlanAnswer answer, PlanFacts known)
    {
        if (string.IsNullOrWhiteSpace(answer.Say) && answer.Plan is null) return ["The answer says nothing and has no plan."];
        return answer.Plan is null ? [] : PlanCheck.Faults(answer.Plan, known);
    }

    private static void Write(StoreTransaction tx, GoalRow seen, Thought<PlanAnswer> thought, PlanFacts known)
    {
        // Whoever said something meanwhile wants another answer.
        if (GoalRow.Find(tx, seen.Id) is not { } goal || goal.Revision != seen.Revision || goal.State != GoalState.Planning) return;
        if (thought.Answer is not { } answer)
        {
            GoalWrites.End(tx, goal, GoalState.Failed,
                $"I could not make a plan for {goal.Key} that holds up. What was wrong with the last one: {Wording.Line(string.Join(' ', thought.Faults), 500)} Say it in other words, or in smaller parts, and I try again.");
            return;
        }

        Propose(tx, goal, answer.Preference);
        if (answer.Plan is not { } plan)
        {
            GoalWrites.End(tx, goal, GoalState.Done, Wording.Block(answer.Say, 12, 400));
            return;
        }

        plan = PlanCheck.Normal(plan, known);
        var project = known.Project(plan.Project.Key);
        var begin = (goal.Approval ?? project?.Approval ?? PlanApprovals.Plan) == PlanApprovals.Auto;
        GoalWrites.Planned(tx, goal, plan, begin);
        TurnRow.Add(tx, goal.ConversationId, TurnAuthors.Chief, PlanSummary.Text(goal, plan, answer.Say, begin), goal);
    }

    /// <summary>Keeps a line that the model would remember until the person says so; nothing is remembered without.</summary>
    public static void Propose(StoreTransaction tx, GoalRow goal, string? line)
    {
        var clean = Wording.Line(line, Preferences.LineLimit);
        if (clean.Length == 0 || Preferences.HoldsSecret(clean)) return;
        tx.ExecuteOne("UPDATE conversations SET proposal = @clean WHERE id = @ConversationId", new { clean, goal.ConversationId });
        TurnRow.Add(tx, goal.ConversationId, TurnAuthors.Chief, $"Shall I remember this? \"{clean}\" Say `remember` and I do.", goal);
    }
}
