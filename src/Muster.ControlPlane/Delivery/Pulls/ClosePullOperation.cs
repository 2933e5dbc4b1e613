using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Pulls;

/// <summary>Turns a pull request down for good. Its task starts afresh, with another pull request.</summary>
internal static class ClosePullOperation
{
    public static PullRow Run(StoreTransaction tx, string id, Reason? reason, Principal principal)
    {
        var pull = PullQueries.Get(tx, id);
        if (!pull.IsOpen) throw Refusal.WrongState($"{pull.Name} is {pull.State} already.");
        var why = string.IsNullOrWhiteSpace(reason?.Text) ? $"{principal.Name} turned it down." : reason.Text;
        PullBook.Close(tx, pull, why);
        var task = TaskQueries.Get(tx, pull.TaskId);
        if (task.Status == TaskState.Review)
        {
            JobOrders.CancelChecks(tx, task.Id, "The pull request was closed.");
            TaskTransitions.EndAttempt(tx, task, Outcomes.EvidenceRefused, $"{pull.Name} was closed: {why}", blame: false);
        }

        tx.Notify(new ReviewMoved(task.Id));
        return PullQueries.Get(tx, pull.Id);
    }
}
