using Muster.Contracts.Work;

namespace Muster.Client.Work;

/// <summary>Carries one claimed task from its start to the plane's acknowledgement of its end.</summary>
internal sealed class TaskRun(
    MusterClient muster,
    WorkOptions options,
    Func<TaskInfo, TaskContext, CancellationToken, Task> work,
    LeaseKeeper leases,
    NextTasks next,
    WorkControl control,
    Action<WorkNotice> notice)
{
    private static readonly TimeSpan LogPeriod = TimeSpan.FromSeconds(1);
    private readonly HandIn _handIn = new(muster, next, notice);

    /// <param name="held">The lease, already among the kept ones.</param>
    /// <param name="abandon">Code that has not ended by now is left behind.</param>
    /// <param name="end">The loop ends now; nothing more is waited for.</param>
    public async Task RunAsync(HeldLease held, CancellationToken abandon, CancellationToken end)
    {
        try
        {
            var context = new TaskContext(muster, held, options, control);
            // A task that is to be handed back at once is not begun.
            var error = held.Token.IsCancellationRequested ? null : await WorkAsync(held, context, abandon);
            var outcome = Outcome.Decide(context.Said, error, held.Cause, held.Why);
            if (outcome.Complete is null)
                Tell(held, outcome, error);
            if (outcome != Outcome.Lost)
                await _handIn.SendAsync(context, outcome, end);
        }
        finally
        {
            leases.Remove(held);
        }
    }

    private async Task<Exception?> WorkAsync(HeldLease held, TaskContext context, CancellationToken abandon)
    {
        using var done = new CancellationTokenSource();
        var logging = SendLogAsync(context, done.Token);
        try
        {
            var running = Task.Run(() => work(held.Claimed.Task, context, held.Token), CancellationToken.None);
            // Code that does not heed its token must not keep the process from ending.
            await running.WaitAsync(abandon);
            return null;
        }
#pragma warning disable CA1031 // Whatever the task's code throws is the attempt's result, and is handed in with its message.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e;
        }
        finally
        {
            await done.CancelAsync();
            await logging;
        }
    }

    private async Task SendLogAsync(TaskContext context, CancellationToken done)
    {
        try
        {
            while (true)
            {
                await context.LogDue.WaitAsync(LogPeriod, done);
                await context.TryFlushLogAsync(done);
            }
        }
        catch (OperationCanceledException)
        {
            // The attempt is over; its last flush comes with the handing in.
        }
    }

    private void Tell(HeldLease held, Outcome outcome, Exception? error)
    {
        var text = outcome switch
        {
            { Fail: { } fail } => $"The attempt failed: {fail.Reason}",
            { Release: { } release } => $"The task is handed back: {release.Reason ?? "without a reason"}",
            _ => $"The attempt ended without being handed in: {held.Why ?? "the lease is lost"}",
        };
        notice(new WorkNotice { Text = text, TaskKey = held.Claimed.Task.Key, Error = error });
    }
}
