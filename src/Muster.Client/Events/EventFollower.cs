using System.Runtime.CompilerServices;
using Muster.Client.Http;
using Muster.Contracts.Events;

namespace Muster.Client.Events;

/// <summary>Keeps an event stream going over cuts.</summary>
internal sealed class EventFollower(EventConnection connection, MusterClientOptions options)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(15);

    public async IAsyncEnumerable<EventInfo> FollowAsync(long? after, EventFilter? filter, [EnumeratorCancellation] CancellationToken ct)
    {
        var told = after;
        var seen = after;
        var failures = 0;
        while (true)
        {
            TimeSpan? asked = null;
            await using (var events = connection.ReadAsync(seen, filter, seq => seen = Math.Max(seq, seen ?? seq), ct).GetAsyncEnumerator(ct))
            {
                while (true)
                {
                    try
                    {
                        if (!await events.MoveNextAsync())
                            break;
                    }
                    catch (MusterException e) when (e.IsTransient)
                    {
                        asked = e.RetryAfter;
                        Tell(e);
                        break;
                    }
                    catch (PlaneUnreachableException e)
                    {
                        Tell(e);
                        break;
                    }
                    failures = 0;
                    if (events.Current.Seq <= told)
                        continue;
                    told = events.Current.Seq;
                    seen = Math.Max(told.Value, seen ?? told.Value);
                    yield return events.Current;
                }
            }
            await Task.Delay(Backoff.Delay(failures++, FirstDelay, MaxDelay, asked), options.TimeProvider, ct);
        }
    }

    private void Tell(Exception e) => options.OnNotice?.Invoke($"{e.Message} The event stream will be opened anew.");
}
