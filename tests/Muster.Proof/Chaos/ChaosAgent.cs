using System.Collections.Concurrent;
using System.Diagnostics;
using Muster.Client;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.Proof.Checking;

namespace Muster.Proof.Chaos;

/// <summary>
/// An agent on the SDK that writes down every call before it goes out and every answer before it builds on it. Most tasks it
/// completes, some it fails or gives back, and some it holds for too long on purpose.
/// </summary>
internal sealed class ChaosAgent(string name, MusterClient plane, Ledger ledger, AgentSettings settings, bool patient, Random random)
{
    private readonly ConcurrentDictionary<string, Held> _held = new(StringComparer.Ordinal);
    private readonly Scribe _scribe = new(name, ledger, patient);

    public async Task RunAsync(CancellationToken ct)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var beating = BeatAsync(ended.Token);
        try
        {
            while (!ct.IsCancellationRequested) await TurnAsync(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Told to go.
        }
        finally
        {
            await ended.CancelAsync();
            await beating;
        }
    }

    private async Task TurnAsync(CancellationToken ct)
    {
        var begun = Stopwatch.GetTimestamp();
        var tasks = await ClaimAsync(ct);
        if (tasks.Count == 0)
        {
            // Nothing granted, or nobody there; the plane itself lets us wait where it can.
            await Task.Delay(random.Next(20, 120), ct);
            return;
        }

        await Task.WhenAll(tasks.Select(task => WorkAsync(task, begun, random.Next(1000), ct)));
    }

    private async Task<IReadOnlyList<ClaimedTask>> ClaimAsync(CancellationToken ct)
    {
        var call = _scribe.Begin(Kinds.Claim);
        try
        {
            ClaimAnswer? answer = null;
            var body = new ClaimRequest { Agent = name, Max = settings.Batch, WaitSeconds = 1, Projects = [settings.Project] };
            await _scribe.AgainAsync(async options => answer = await plane.ClaimTasksAsync(body, options, ct), lease: null);
            foreach (var task in answer!.Tasks) _held[task.Assignment.Id] = new Held(task, Stopwatch.GetTimestamp());
            await ledger.KeepAsync([.. answer.Tasks.Select(task => _scribe.Granted(call, task)), .. answer.Tasks.Count == 0 ? [_scribe.End(call, Ends.Refused)] : Array.Empty<Entry>()]);
            return answer.Tasks;
        }
        catch (MusterException refusal) when (refusal.StatusCode < 500)
        {
            // Not yet known to a plane that it has not heard of us: the heartbeat registers us.
            await ledger.KeepAsync(_scribe.End(call, Ends.Refused));
            return [];
        }
        catch (Exception error) when (Scribe.IsUnknown(error))
        {
            ledger.Note(_scribe.End(call, Ends.Unknown));
            return [];
        }
    }

    /// <param name="dice">0 to 999: what becomes of it.</param>
    private async Task WorkAsync(ClaimedTask task, long claimed, int dice, CancellationToken ct)
    {
        if (dice < 150) await WriteAsync(task, "progress", call => plane.ReportAssignmentProgressAsync(task.Assignment.Id, new AssignmentProgress { PercentComplete = 50 }, call, ct));
        if (settings.Messages && dice % 10 == 0) await WriteAsync(task, "message", call => plane.PublishMessageAsync(new PublishMessage { Subject = $"agents.{settings.Project}.begun" }, call, ct));
        // Now and then one forgets the time, and its heartbeat does not know of this task any more.
        if (dice >= 1000 - settings.Forgetful)
        {
            _held.TryRemove(task.Assignment.Id, out _);
            await Task.Delay(settings.Lease * 1.6, ct);
        }

        // Stopped for longer than the lease, as a frozen process finds out only afterwards: it writes on, as zombies do.
        if (Stopwatch.GetElapsedTime(claimed) > settings.Lease * 1.2) await new Zombie(plane, _scribe, task).TryAsync(random, ct);
        var effect = $"{task.Task.Id}:{task.Assignment.Epoch}:{name}";
        if (dice >= 20 && dice < 20 + settings.GivenBack)
            await EndAsync(task, Kinds.Release, null, call => plane.ReleaseAssignmentAsync(task.Assignment.Id, new ReleaseAssignment { Reason = "given back" }, call, ct));
        else if (dice is >= 10 and < 15)
            await EndAsync(task, Kinds.Fail, null, call => plane.FailAssignmentAsync(task.Assignment.Id, new FailAssignment { Reason = "tried" }, call, ct));
        else
            await EndAsync(task, Kinds.Complete, effect, call => plane.CompleteAssignmentAsync(task.Assignment.Id,
                new CompleteAssignment { Summary = "done", Evidence = [new EvidenceClaim { Kind = EvidenceKinds.Research, Reference = effect }] }, call, ct));
    }

    private Task WriteAsync(ClaimedTask task, string path, Func<CallOptions, Task> send) => _scribe.CallAsync(Kinds.Write, task, path, null, send);

    private async Task EndAsync(ClaimedTask task, string kind, string? effect, Func<CallOptions, Task> send)
    {
        await _scribe.CallAsync(kind, task, kind, effect, send);
        _held.TryRemove(task.Assignment.Id, out _);
    }

    private async Task BeatAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            var wait = 0.3;
            var held = _held.Values.ToList();
            var calls = held.ConvertAll(h => _scribe.Begin(Kinds.Renew, h.Task));
            try
            {
                var answer = await plane.HeartbeatAsync(new HeartbeatRequest { Agent = name, Capacity = 1000, Leases = [.. held.Select(h => h.Task.Lease)] }, new CallOptions { MaxRetries = 0 }, ct);
                ledger.Note([.. calls.Select((call, i) => _scribe.End(call, answer.Leases[i].Current ? Ends.Ok : Ends.Stale))]);
                wait = Math.Min(answer.NextSeconds, settings.Lease.TotalSeconds / 4);
            }
            catch (Exception error) when (Scribe.IsUnknown(error) || error is MusterException)
            {
                ledger.Note([.. calls.Select(call => _scribe.End(call, Ends.Unknown))]);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromSeconds(wait), ct).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private sealed record Held(ClaimedTask Task, long Since);
}
