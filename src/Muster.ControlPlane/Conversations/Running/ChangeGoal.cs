using Dapper;
using Microsoft.Extensions.Options;
using Muster.Contracts.Conversations;
using Muster.Contracts.Work;
using Muster.ControlPlane.Conversations.Planning;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Conversations.Running;

/// <summary>
/// What to do about tasks that failed, or about what the person said of a running goal: asks a model for a change, checks it
/// and carries it out in one transaction; after so many changes the person is asked instead.
/// </summary>
internal sealed class ChangeGoal(Store store, ReadFacts facts, Preferences preferences, Thinker thinker, GoalWaiting waiting, ApplyChange apply, IOptions<ChiefOptions> options)
{
    private const int History = 8;

    public async Task RunAsync(GoalRow goal, CancellationToken ct)
    {
        if (!goal.Wish && goal.Changes >= options.Value.MaxChanges)
        {
            await store.WriteAsync(tx => Ask(tx, goal, $"The plan was changed {goal.Changes} times already."), ct);
            return;
        }

        var turns = await facts.TurnsAsync(goal.ConversationId, History, ct);
        var known = await facts.PlanAsync(goal, turns, ct);
        if (await RunningAsync(goal, known, ct) is not { } running) return;
        var question = ChiefPrompt.Facts(known, preferences.ForModels(), [], null) + Standing(goal, running) + ChiefPrompt.Said(turns);
        var thought = await thinker.AskAsync<ChangeAnswer>(goal, ChiefPrompt.Instructions(known, ChiefPrompt.ChangeTask), question, answer => ChangeCheck.Faults(answer, running), ct);
        if (thought.Unavailable is { } unavailable) await waiting.ForModelAsync(goal, unavailable, ct);
        else if (thought.Void) await waiting.ForPersonAfterTooManyAsync(goal, ct);
        else if (thought.Answer is { } answer) await ApplyAsync(goal, answer, running, ct);
        else await store.WriteAsync(tx => Ask(tx, goal, "I found no change of the plan that holds up."), ct);
    }

    private async Task ApplyAsync(GoalRow goal, ChangeAnswer answer, RunningPlan running, CancellationToken ct)
    {
        try
        {
            await store.WriteAsync(tx => apply.Run(tx, goal, answer, running), ct);
        }
        catch (Refusal refusal)
        {
            // The plane itself does not take what was checked: things have moved in between. Thinking again would not end by itself.
            await store.WriteAsync(tx => Ask(tx, goal, $"The change that I wanted cannot be made: {Wording.Line(refusal.Message, 200)}"), ct);
        }
    }

    /// <summary>Asks the person, in words made from facts; what failed counts as dealt with until they say or do something.</summary>
    private static void Ask(StoreTransaction tx, GoalRow seen, string why)
    {
        if (GoalRow.Find(tx, seen.Id) is not { State: GoalState.Running } goal || goal.Revision != seen.Revision) return;
        var failed = GoalTask.Of(tx, goal.Id).Where(t => t.Failed).ToList();
        var first = failed.Find(t => t.NeedsCare) ?? (failed.Count > 0 ? failed[0] : null);
        tx.Execute("UPDATE goal_tasks SET handled_epoch = (SELECT epoch FROM tasks WHERE id = goal_tasks.task_id) WHERE goal_id = @Id", new { goal.Id });
        tx.ExecuteOne("UPDATE goals SET wish = 0 WHERE id = @Id", new { goal.Id });
        GoalWaiting.ForPerson(tx, goal, first is null
            ? $"{why} Say in other words what {goal.Key} needs."
            : $"{first.Key} failed: {Wording.Line(first.LastReason ?? "no reason was given", 150).TrimEnd('.')}. {why} Say what to do; or muster task retry {first.Key}, or muster task show {first.Key}.", onTasks: failed.Count > 0);
    }

    private async Task<RunningPlan?> RunningAsync(GoalRow goal, PlanFacts known, CancellationToken ct)
    {
        var tasks = (await store.ReadAsync(c => c.QueryAsync<GoalTask>(GoalTask.Select + " WHERE gt.goal_id = @Id ORDER BY gt.number", new { goal.Id }), ct)).AsList();
        var edges = (await store.ReadAsync(c => c.QueryAsync<(int, int)>(
            "SELECT a.number, b.number FROM edges e JOIN goal_tasks a ON a.task_id = e.task_id JOIN goal_tasks b ON b.task_id = e.depends_on WHERE a.goal_id = @Id AND b.goal_id = @Id", new { goal.Id }), ct)).AsList();
        return known.Only is { } project ? new RunningPlan(known, project, tasks, edges) : null;
    }

    private static string Standing(GoalRow goal, RunningPlan running)
    {
        var lines = running.Tasks.Select(t =>
            $"- task {t.Number} {(t.NeedsCare ? "OPEN FAILURE" : t.Status.Replace('_', ' '))}{(t.Counts ? "" : " (left out)")}, role {t.Role ?? "any"}, attempts {t.Epoch}, sent out again {t.Changes} times: {Wording.Line(t.Title, 120)}"
            + $"{Waits(t, running)}");
        var reasons = running.Tasks.Where(t => t.Failed).Select(t => $"task {t.Number}: {Wording.Line(t.LastReason, 1500)}").ToList();
        return $"\n# The goal that runs\n\n{goal.Key}: {Wording.Line(goal.Title, 300)}\nIt was wanted so: {Wording.Line(goal.Request, 2000)}\n\n## Its tasks\n{string.Join('\n', lines)}\n"
            + (reasons.Count == 0 ? "" : $"\n## Why tasks failed, as it was reported\n{ChiefPrompt.Data(string.Join('\n', reasons))}");
    }

    private static string Waits(GoalTask task, RunningPlan running)
    {
        var on = running.Edges.Where(e => e.Task == task.Number).Select(e => e.On).ToList();
        return on.Count == 0 || task.Status == TaskState.Done ? "" : $" [after {string.Join(", ", on)}]";
    }
}
