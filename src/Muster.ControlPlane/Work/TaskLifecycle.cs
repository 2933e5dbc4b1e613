using Muster.Contracts.Work;

namespace Muster.ControlPlane.Work;

/// <summary>What can happen to a task.</summary>
public enum TaskFact
{
    Claimed,
    HandedIn,
    HandedInWithoutContract,
    Verified,

    /// <summary>Given back, lost, failed for now, or sent back by a check, the queue or a reviewer: tried again.</summary>
    TriedAgain,
    GivenUp,
    Poisoned,
    Cancelled,
    Retried,
}

/// <summary>The state machine of a task, once: state and fact give the next state, or null when the fact cannot happen there.</summary>
/// <remarks>Drawn in <c>docs/concepts.md</c>; a CHECK of the table <c>tasks</c> holds the same pairs and a test compares the two.</remarks>
public static class TaskLifecycle
{
    public static string? Next(string state, TaskFact fact) => (state, fact) switch
    {
        (TaskState.Pending, TaskFact.Claimed) => TaskState.InProgress,
        (TaskState.InProgress, TaskFact.HandedIn) => TaskState.Review,
        (TaskState.InProgress, TaskFact.HandedInWithoutContract) => TaskState.Done,
        (TaskState.Review, TaskFact.Verified) => TaskState.Done,
        (TaskState.InProgress or TaskState.Review, TaskFact.TriedAgain) => TaskState.Pending,
        (TaskState.InProgress or TaskState.Review, TaskFact.GivenUp) => TaskState.Failed,
        (TaskState.InProgress or TaskState.Review, TaskFact.Poisoned) => TaskState.Quarantined,
        (TaskState.Pending or TaskState.InProgress or TaskState.Review, TaskFact.Cancelled) => TaskState.Cancelled,
        (TaskState.Failed or TaskState.Quarantined or TaskState.Cancelled, TaskFact.Retried) => TaskState.Pending,
        _ => null,
    };

    /// <summary>Whether nothing more happens unless a person says so.</summary>
    public static bool IsFinal(string state) =>
        state is TaskState.Done or TaskState.Failed or TaskState.Cancelled or TaskState.Quarantined;
}
