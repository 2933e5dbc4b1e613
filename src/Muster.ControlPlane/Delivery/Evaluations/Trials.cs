using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Evaluations;

/// <summary>
/// Tasks that are carried out to see how a role does. Claimed, fenced and lost like any other; but there is one try only, nothing
/// of it is merged or learnt, and when it is over the task is cancelled and its result stands in the evaluation.
/// </summary>
internal static class Trials
{
    /// <summary>Agents that may be lost before that is the result.</summary>
    private const int MostLosses = 5;

    /// <summary>The trial that a task is; null for all others, which is seen without a question to the store.</summary>
    public static TrialRow? Of(StoreTransaction tx, TaskRow task) => task.ParentId is null ? null : tx.QueryFirst<TrialRow>(TrialRow.ByTask, new { id = task.Id });

    /// <summary>Both sides have the same terms: nobody changes those of one, or gives it another try.</summary>
    public static void Refuse(StoreTransaction tx, TaskRow task)
    {
        if (Of(tx, task) is { } trial) throw Refusal.WrongState($"{task.Key} is a trial of {trial.Recorded}: it has the terms of the other side, and one try. Evaluate again instead.");
    }

    /// <summary>After an attempt that led to nothing: whether that is the trial's result. Only a lost agent, one that was told to stop, and a provider that is down say nothing about it.</summary>
    public static bool End(StoreTransaction tx, TaskRow task, string outcome, string? reason, TaskHold? hold)
    {
        if (Of(tx, task) is not { Outcome: null } trial) return false;
        var result = outcome switch
        {
            AssignmentState.Expired or AssignmentState.Died => task.Losses + 1 < MostLosses ? null : TrialOutcomes.Lost,
            AssignmentState.Released => hold?.Code switch { WaitingCodes.Budget => TrialOutcomes.Budget, WaitingCodes.Approval => TrialOutcomes.Failed, _ => null },
            AssignmentState.Revoked => null,
            _ => TrialOutcomes.Failed,
        };
        if (result is null) return false;
        // Its assignment is closed already.
        End(tx, task with { AssignmentId = null }, trial, result, hold?.Code == WaitingCodes.Approval ? $"It asked a person: {reason}" : reason, 0, 0);
        return true;
    }

    /// <summary>Writes the result down and throws the task away; with the last one the evaluation is over.</summary>
    public static void End(StoreTransaction tx, TaskRow task, TrialRow trial, string outcome, string? detail, int checks, int passed)
    {
        Write(tx, trial, outcome, detail, checks, passed);
        JobOrders.CancelChecks(tx, task.Id, "The trial is over.");
        TaskTransitions.Cancel(tx, task, $"The trial is over: {outcome}.");
        EndEvaluation.IfOver(tx, trial.EvaluationId);
    }

    /// <summary>Somebody cancelled it, which is a result too.</summary>
    public static void Cancelled(StoreTransaction tx, TaskRow task, string? reason)
    {
        if (Of(tx, task) is not { Outcome: null } trial) return;
        Write(tx, trial, TrialOutcomes.Cancelled, reason, 0, 0);
        EndEvaluation.IfOver(tx, trial.EvaluationId);
    }

    private static void Write(StoreTransaction tx, TrialRow trial, string outcome, string? detail, int checks, int passed) => tx.ExecuteOne(
        "UPDATE trials SET outcome = @outcome, detail = @detail, checks = @checks, checks_passed = @passed, ended_at = @Now WHERE task_id = @TaskId AND outcome IS NULL",
        new { outcome, detail = detail is { Length: > 2000 } ? detail[..2000] : detail, checks, passed, tx.Now, trial.TaskId });
}
