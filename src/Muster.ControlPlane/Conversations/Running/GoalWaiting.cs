using Microsoft.Extensions.Options;
using Muster.Contracts.Conversations;
using Muster.ControlPlane.Models;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Conversations.Running;

/// <summary>Lets a goal wait, with the reason and what to do, without losing anything.</summary>
internal sealed class GoalWaiting(Store store, IOptions<ChiefOptions> options)
{
    /// <summary>No model could be asked; it goes on by itself when one can.</summary>
    public Task ForModelAsync(GoalRow seen, ModelsUnavailableException why, CancellationToken ct) => store.WriteAsync(tx =>
    {
        if (GoalRow.Find(tx, seen.Id) is not { Ended: false } goal || goal.Revision != seen.Revision) return;
        if (why.Code is not (GoalWaits.ProviderDown or GoalWaits.Budget or GoalWaits.ModelsOff))
        {
            // The question itself was refused: the same again would be, and may cost each time.
            Rest(tx, goal);
            ForPerson(tx, goal, $"The model does not take the question for {goal.Key}: {Wording.Line(why.Message, 400)} Mend that (chief.route says which model is asked), then say how to go on.");
            return;
        }

        var code = why.Code;
        GoalWrites.Wait(tx, goal, code, Wording.Line(why.Message, 600), tx.Now + (long)options.Value.RetryDelay.TotalMilliseconds);
        // A call that reached nobody cost nothing.
        tx.ExecuteOne("UPDATE goals SET calls = CASE WHEN calls > 0 THEN calls - 1 ELSE 0 END WHERE id = @Id", new { goal.Id });
    }, ct);

    /// <summary>It has asked models as often as it may.</summary>
    public Task ForPersonAfterTooManyAsync(GoalRow seen, CancellationToken ct) => store.WriteAsync(tx =>
    {
        if (GoalRow.Find(tx, seen.Id) is not { Ended: false } goal || goal.Revision != seen.Revision || goal.Calls < options.Value.MaxCalls) return;
        Rest(tx, goal);
        ForPerson(tx, goal, $"{goal.Key} has asked a model {goal.Calls} times, which is the limit. Say how to go on, or cancel it: muster goal cancel {goal.Key}");
    }, ct);

    // Until the person speaks nothing of it is to be thought about.
    private static void Rest(StoreTransaction tx, GoalRow goal)
    {
        tx.ExecuteOne("UPDATE goals SET wish = 0 WHERE id = @Id", new { goal.Id });
        tx.Execute("UPDATE goal_tasks SET handled_epoch = (SELECT epoch FROM tasks WHERE id = goal_tasks.task_id) WHERE goal_id = @Id", new { goal.Id });
    }

    /// <summary>Only the person can decide how it goes on.</summary>
    public static void ForPerson(StoreTransaction tx, GoalRow goal, string question, bool onTasks = false) => GoalWrites.Wait(tx, goal, GoalWaits.Person, question, null, onTasks);
}
