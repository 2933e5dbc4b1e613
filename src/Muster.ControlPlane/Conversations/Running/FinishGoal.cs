using Muster.Contracts.Conversations;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Conversations.Running;

/// <summary>Ends a goal whose tasks are settled, and says so from facts; no model is asked.</summary>
internal sealed class FinishGoal(Store store)
{
    public Task RunAsync(GoalRow seen, CancellationToken ct) => store.WriteAsync(tx =>
    {
        if (GoalRow.Find(tx, seen.Id) is not { State: GoalState.Running } goal) return;
        var tasks = GoalTask.Of(tx, goal.Id);
        switch (GoalDuty.Of(goal, tasks))
        {
            case GoalDuties.Settle when tasks.Where(t => t.Counts).All(t => t.Status is TaskState.Done or TaskState.Cancelled):
                var done = tasks.Any(t => t.Counts && t.Status == TaskState.Done);
                var end = goal with { State = done ? GoalState.Done : GoalState.Cancelled, Waiting = null, WaitingDetail = null };
                GoalWrites.End(tx, goal, end.State, GoalReport.Text(end, tasks, []));
                break;
            case GoalDuties.Settle:
                // The person has dealt with what they were asked about.
                tx.ExecuteOne("UPDATE goals SET waiting = NULL, waiting_detail = NULL, waiting_on_tasks = 0, updated_at = @Now WHERE id = @Id", new { tx.Now, goal.Id });
                GoalWrites.Emit(tx, goal, EventTypes.GoalResumed, $"{goal.Key} goes on");
                break;
        }
    }, ct);
}
