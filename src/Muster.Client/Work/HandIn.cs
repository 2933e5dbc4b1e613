using Muster.Client.Http;
using Muster.Contracts.Work;

namespace Muster.Client.Work;

/// <summary>
/// Tells the plane how an attempt ended, again and again until it is acknowledged or refused. The key is fixed per assignment, so that it
/// counts once.
/// </summary>
internal sealed class HandIn(MusterClient muster, NextTasks next, Action<WorkNotice> notice)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);

    /// <param name="context">The attempt.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="ct">Gives up, when the process must end.</param>
    public async Task SendAsync(TaskContext context, Outcome outcome, CancellationToken ct)
    {
        var key = context.Task.Key;
        // The same question with every attempt, so that repeating it gets the same answer.
        var ask = outcome.Complete is null ? null : next.Ask();
        var asked = muster.Options.TimeProvider.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await FlushAsync(context, ct);
                await SendOnceAsync(context, outcome, ask, asked, ct);
                return;
            }
            catch (LeaseLostException e)
            {
                notice(new WorkNotice { Text = "The lease was lost before the work could be handed in.", TaskKey = key, Error = e });
                return;
            }
            catch (Exception e) when (Heartbeater.IsTransient(e))
            {
                if (attempt == 0)
                    notice(new WorkNotice { Text = $"Handing in is tried until the plane answers: {e.Message}", TaskKey = key, Error = e });
                try
                {
                    var wait = Backoff.Delay(attempt, FirstDelay, MaxDelay, (e as MusterException)?.RetryAfter);
                    await Task.Delay(wait, muster.Options.TimeProvider, ct);
                }
                catch (OperationCanceledException)
                {
                    GaveUp(key, e);
                    return;
                }
            }
            catch (MusterException e) when (outcome.Complete is not null)
            {
                // What was handed in is refused for itself: the attempt failed, and the reason is the plane's.
                notice(new WorkNotice { Text = $"The plane refused what was handed in: {e.Message}", TaskKey = key, Error = e });
                outcome = Outcome.Failed($"the plane refused the result: {e.Message}", retry: true);
            }
            catch (MusterException e)
            {
                notice(new WorkNotice { Text = $"The plane refused to take the task back: {e.Message}", TaskKey = key, Error = e });
                return;
            }
            catch (OperationCanceledException e) when (ct.IsCancellationRequested)
            {
                GaveUp(key, e);
                return;
            }
        }
    }

    private void GaveUp(string key, Exception e) =>
        notice(new WorkNotice { Text = "The loop ends before the plane took the task back; its lease will run out.", TaskKey = key, Error = e });

    private async Task FlushAsync(TaskContext context, CancellationToken ct)
    {
        try
        {
            await context.FlushLogAsync(ct);
        }
        catch (MusterException e) when (e is not LeaseLostException && !e.IsTransient)
        {
            notice(new WorkNotice { Text = $"The plane does not take the log: {e.Message}", TaskKey = context.Task.Key, Error = e });
        }
    }

    private Task SendOnceAsync(TaskContext context, Outcome outcome, ClaimRequest? ask, long asked, CancellationToken ct)
    {
        var id = context.Assignment.Id;
        return outcome switch
        {
            { Complete: { } body } when ask is not null => CompleteAndAskAsync(context, body, ask, asked, ct),
            { Complete: { } body } => muster.CompleteAssignmentAsync(id, body, Call("complete"), ct),
            { Fail: { } body } => muster.FailAssignmentAsync(id, body, Call("fail"), ct),
            { Release: { } body } => muster.ReleaseAssignmentAsync(id, body, Call("release"), ct),
            _ => Task.CompletedTask,
        };

        CallOptions Call(string what) => new() { Lease = context.Lease, IdempotencyKey = $"{id}:{what}", MaxRetries = 0 };
    }

    /// <summary>Hands in and takes the next task in one round trip. What was refused is refused as it would be by itself.</summary>
    private async Task CompleteAndAskAsync(TaskContext context, CompleteAssignment body, ClaimRequest ask, long asked, CancellationToken ct)
    {
        var id = context.Assignment.Id;
        var answer = await muster.ClaimTasksAsync(
            ask with { Complete = [new Completion { AssignmentId = id, Lease = context.Lease, Result = body }] },
            new CallOptions { IdempotencyKey = $"{id}:complete-and-claim", MaxRetries = 0 },
            ct);
        next.Give(answer.Tasks, asked);
        // A plane of an earlier release gives the task and overlooks the rest.
        if (answer.Completed is null)
            await muster.CompleteAssignmentAsync(id, body, new CallOptions { Lease = context.Lease, IdempotencyKey = $"{id}:complete", MaxRetries = 0 }, ct);
        else if (answer.Completed is [{ Refused: { } refused }])
            throw MusterException.From(refused);
    }
}
