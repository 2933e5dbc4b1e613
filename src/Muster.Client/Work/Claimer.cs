using Muster.Client.Http;
using Muster.Contracts.Work;

namespace Muster.Client.Work;

/// <summary>
/// Asks for tasks by long poll. A question whose answer did not arrive may have been answered all the same: it is asked again under the
/// same key, so that no task is left to run out its lease with nobody at work.
/// </summary>
internal sealed class Claimer(MusterClient muster, WorkOptions options, WorkControl control, Heartbeater heart, Action<WorkNotice> notice)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CollectLimit = TimeSpan.FromSeconds(2);
    private readonly TimeProvider _time = muster.Options.TimeProvider;
    private int _failures;
    private int _early;

    /// <summary>
    /// Up to <paramref name="free"/> tasks, each with the latest moment at which its lease began; none when it may not claim any more.
    /// </summary>
    public async Task<(IReadOnlyList<ClaimedTask> Tasks, long From)> ClaimAsync(int free, CancellationToken claiming)
    {
        var ask = new ClaimRequest
        {
            Agent = options.Agent,
            Labels = options.Labels,
            Projects = options.Projects,
            Max = free,
            WaitSeconds = Math.Clamp(options.ClaimWaitSeconds, 0, 60),
        };
        var call = new CallOptions { IdempotencyKey = Guid.NewGuid().ToString("N"), MaxRetries = 0 };
        var first = _time.GetTimestamp();
        var retried = false;
        while (true)
        {
            TimeSpan wait;
            var sentAt = _time.GetTimestamp();
            try
            {
                var answer = await muster.ClaimTasksAsync(ask, call, claiming);
                _failures = 0;
                if (answer.Tasks.Count == 0)
                {
                    await PauseIfEarlyAsync(sentAt, ask.WaitSeconds, claiming);
                    return ([], sentAt);
                }
                _early = 0;
                return (answer.Tasks, heart.Began(first, answer.Tasks));
            }
            catch (OperationCanceledException) when (claiming.IsCancellationRequested)
            {
                return (await CollectAsync(ask, call), _time.GetTimestamp());
            }
            catch (Exception e) when (Heartbeater.IsTransient(e))
            {
                retried = true;
                wait = Failed("Asking for tasks failed and is tried again", e);
            }
            catch (MusterException e)
            {
                // A refusal is an answer; the next question gets a key of its own.
                call = call with { IdempotencyKey = Guid.NewGuid().ToString("N") };
                heart.BeatNow();
                wait = Failed("The plane gives no tasks", e);
            }
            try
            {
                await Task.Delay(wait, _time, claiming);
            }
            catch (OperationCanceledException)
            {
                return (retried ? await CollectAsync(ask, call) : [], _time.GetTimestamp());
            }
        }
    }

    /// <summary>An empty answer before its time means that the plane has something to say, or does not wait at all.</summary>
    private async Task PauseIfEarlyAsync(long sentAt, int waitSeconds, CancellationToken claiming)
    {
        if (_time.GetElapsedTime(sentAt).TotalSeconds >= waitSeconds * 0.9 && waitSeconds > 0)
        {
            _early = 0;
            return;
        }
        heart.BeatNow();
        await control.Changed.WaitAsync(Backoff.Delay(_early++, FirstDelay, TimeSpan.FromSeconds(1)), CancellationToken.None);
    }

    /// <summary>Fetches what the interrupted question may have been given, to hand it back rather than leave it.</summary>
    private async Task<IReadOnlyList<ClaimedTask>> CollectAsync(ClaimRequest ask, CallOptions call)
    {
        // The heartbeat says that the agent takes no more, which lets the plane end the question at once.
        heart.BeatNow();
        using var limit = new CancellationTokenSource(CollectLimit, _time);
        try
        {
            return (await muster.ClaimTasksAsync(ask, call, limit.Token)).Tasks;
        }
        catch (Exception e) when (e is OperationCanceledException or MusterException || Heartbeater.IsTransient(e))
        {
            // Nothing was given, or the plane is away and will take it back when the lease runs out.
            return [];
        }
    }

    private TimeSpan Failed(string what, Exception e)
    {
        if (_failures == 0)
            notice(new WorkNotice { Text = $"{what}: {e.Message}", Error = e });
        return Backoff.Delay(_failures++, FirstDelay, MaxDelay, (e as MusterException)?.RetryAfter);
    }
}
