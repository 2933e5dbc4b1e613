using Muster.Contracts.Conversations;
using Muster.Contracts.Work;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Conversations.Running;

/// <summary>What a goal needs now.</summary>
internal enum GoalDuties
{
    None,
    Plan,
    Start,
    Change,

    /// <summary>Its tasks are settled, or what the person was asked about is.</summary>
    Settle,
}

/// <summary>Facts of a goal give the one thing to do for it. Pure.</summary>
internal static class GoalDuty
{
    public static GoalDuties Of(GoalRow goal, IReadOnlyList<GoalTask> tasks) => goal.State switch
    {
        GoalState.Planning => goal.Waiting == GoalWaits.Person ? GoalDuties.None : GoalDuties.Plan,
        GoalState.WaitingApproval => goal.ApprovedVersion == goal.PlanVersion ? GoalDuties.Start : GoalDuties.None,
        GoalState.Running => Running(goal, [.. tasks.Where(t => t.Counts)]),
        _ => GoalDuties.None,
    };

    private static GoalDuties Running(GoalRow goal, List<GoalTask> tasks)
    {
        if (tasks.TrueForAll(t => t.Status is TaskState.Done or TaskState.Cancelled)) return goal.Wish && tasks.Count > 0 ? GoalDuties.Change : GoalDuties.Settle;
        if (goal.Wish || tasks.Exists(t => t.NeedsCare)) return GoalDuties.Change;
        return goal is { Waiting: GoalWaits.Person, WaitingOnTasks: true } && !tasks.Exists(t => t.Failed) ? GoalDuties.Settle : GoalDuties.None;
    }
}
