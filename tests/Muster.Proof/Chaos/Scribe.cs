using System.Diagnostics;
using Muster.Client;
using Muster.Contracts;
using Muster.Contracts.Work;
using Muster.Proof.Checking;

namespace Muster.Proof.Chaos;

/// <summary>Writes one agent's calls into the ledger: before they go out, and how they ended.</summary>
/// <param name="agent">Whose calls they are.</param>
/// <param name="ledger">Where they are written down.</param>
/// <param name="patient">Whether a call is sent again when no answer comes.</param>
internal sealed class Scribe(string agent, Ledger ledger, bool patient)
{
    /// <summary>Nobody can say whether the call took effect.</summary>
    public static bool IsUnknown(Exception error) =>
        error is PlaneUnreachableException or HttpRequestException or IOException or TimeoutException or MusterException { IsTransient: true };

    public Entry Begin(string kind, ClaimedTask? task = null, string? path = null, string? effect = null)
    {
        var entry = new Entry
        {
            At = Stopwatch.GetTimestamp(),
            Call = ledger.NextCall(),
            Kind = kind,
            End = Ends.Begun,
            Agent = agent,
            Task = task?.Task.Id,
            Epoch = task?.Assignment.Epoch ?? 0,
            Path = path,
            Effect = effect,
        };
        ledger.Note(entry);
        return entry;
    }

    public Entry End(Entry begun, string end) => begun with { At = Stopwatch.GetTimestamp(), End = end };

    public Entry Granted(Entry begun, ClaimedTask task) =>
        End(begun, Ends.Ok) with { Task = task.Task.Id, Epoch = task.Assignment.Epoch, Assignment = task.Assignment.Id };

    /// <summary>A call with a lease, written down on both sides. The answer is on the disk when this ends.</summary>
    public async Task<string> CallAsync(string kind, ClaimedTask task, string path, string? effect, Func<CallOptions, Task> send)
    {
        var call = Begin(kind, task, path, effect);
        var end = await TryAsync(() => AgainAsync(send, task.Lease));
        await ledger.KeepAsync(End(call, end));
        return end;
    }

    /// <summary>
    /// Sends a call; who is patient sends it again soon, under the same key, while nobody answers. The SDK's own pauses grow
    /// too long for a plane that is killed every second.
    /// </summary>
    public async Task AgainAsync(Func<CallOptions, Task> send, string? lease)
    {
        var options = new CallOptions { Lease = lease, IdempotencyKey = Guid.NewGuid().ToString("N"), MaxRetries = 0 };
        for (var tries = patient ? 60 : 0; ; tries--)
        {
            try
            {
                await send(options);
                return;
            }
            catch (Exception error) when (tries > 0 && IsUnknown(error))
            {
                await Task.Delay(80);
            }
        }
    }

    private async Task<string> TryAsync(Func<Task> send)
    {
        try
        {
            await send();
            return Ends.Ok;
        }
        catch (LeaseLostException)
        {
            return Ends.Stale;
        }
        catch (MusterException full) when (full.Code == ProblemCodes.StoreFull && !patient)
        {
            // Of who asks more than once, an earlier try may have been taken.
            return Ends.Full;
        }
        catch (Exception error) when (IsUnknown(error))
        {
            return Ends.Unknown;
        }
        catch (MusterException)
        {
            return Ends.Refused;
        }
    }
}
