using Muster.Client.Http;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;

namespace Muster.Client.Work;

/// <summary>Says that the agent lives, renews all its leases at once, and brings what the plane says.</summary>
internal sealed class Heartbeater(MusterClient muster, WorkOptions options, LeaseKeeper leases, WorkControl control, Action<WorkNotice> notice)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);
    private readonly TimeProvider _time = muster.Options.TimeProvider;
    private readonly Signal _now = new(muster.Options.TimeProvider);
    private readonly string _process = Guid.CreateVersion7().ToString("n");
    private AgentRuns? _told;
    private int _failures;

    /// <summary>Asks for a heartbeat at once.</summary>
    public void BeatNow() => _now.Set();

    /// <summary>
    /// When leases began that an answer has just brought. A quick answer dates them from the question, on the safe side. After a long wait
    /// that would be far too early: then the answer's arrival counts, and a heartbeat at once asks whether they still hold.
    /// </summary>
    public long Began(long asked, IReadOnlyList<ClaimedTask> tasks)
    {
        if (_time.GetElapsedTime(asked).TotalSeconds < tasks.Min(t => t.LeaseSeconds) / 4.0)
            return asked;
        BeatNow();
        return _time.GetTimestamp();
    }

    /// <summary>Registers: tries for as long as the plane is away, throws when it refuses.</summary>
    public async Task<TimeSpan> RegisterAsync(CancellationToken ct)
    {
        while (true)
        {
            try
            {
                return await BeatAsync(ct);
            }
            catch (Exception e) when (IsTransient(e))
            {
                await Task.Delay(Away(e), _time, ct);
            }
        }
    }

    /// <summary>Beats until cancelled, <paramref name="first"/> after now.</summary>
    public async Task RunAsync(TimeSpan first, CancellationToken ct)
    {
        var wait = first;
        while (true)
        {
            await _now.WaitAsync(wait, ct);
            try
            {
                wait = await BeatAsync(ct);
            }
            catch (Exception e) when (IsTransient(e) || e is MusterException)
            {
                // A refusal may end as well: a token made anew under the same name, a plane that was restored.
                wait = Away(e);
            }
        }
    }

    /// <summary>The last word: holds nothing, stops.</summary>
    public async Task SayGoodbyeAsync()
    {
        try
        {
            await muster.HeartbeatAsync(Request([]), new CallOptions { MaxRetries = 0, Timeout = TimeSpan.FromSeconds(3) });
        }
        catch (Exception e) when (IsTransient(e) || e is MusterException)
        {
            notice(new WorkNotice { Text = "The plane could not be told that the agent stops; it will see it by the silence.", Error = e });
        }
    }

    public static bool IsTransient(Exception e) => e is PlaneUnreachableException or MusterException { IsTransient: true };

    private async Task<TimeSpan> BeatAsync(CancellationToken ct)
    {
        var held = leases.Held;
        var sentAt = _time.GetTimestamp();
        var request = Request(held);
        var runs = Runs(held);
        if (runs != _told)
            request = request with { Runs = runs };
        var answer = await muster.HeartbeatAsync(request, new CallOptions { MaxRetries = 0, Timeout = Limit(held) }, ct);
        _told = answer.AskRuns ? null : runs;
        leases.Apply(held, answer.Leases, sentAt);
        foreach (var command in answer.Commands.Where(c => c.Kind == CommandKinds.Cancel))
            leases.Cancel(command);
        control.Obey(answer.Desired, answer.Commands);
        foreach (var command in answer.Commands)
            _ = TellAsync(command);
        if (_failures > 0)
            notice(new WorkNotice { Text = "The plane answers again." });
        _failures = 0;
        return Next(answer.NextSeconds);
    }

    private AgentRuns Runs(IReadOnlyList<HeldLease> held)
    {
        var role = held.Select(l => l.Claimed.Role).FirstOrDefault(r => r is not null);
        return new AgentRuns { Process = _process, Model = options.Model, Version = options.Version, Settings = options.Settings, Role = role?.Name, RoleHash = role?.Hash };
    }

    private HeartbeatRequest Request(IReadOnlyList<HeldLease> held) => new()
    {
        Agent = options.Agent,
        Role = options.Role,
        Model = options.Model,
        Host = options.Host,
        Labels = options.Labels,
        Capacity = options.Capacity,
        Version = options.Version,
        Rehearsal = options.Rehearsal,
        Status = control.End is not null ? "stopping" : held.Count > 0 ? "working" : control.MayClaim ? "idle" : "paused",
        Leases = [.. held.Select(l => l.Claimed.Lease)],
    };

    /// <summary>Never later than a third of the shortest lease, so that two lost heartbeats do no harm.</summary>
    private TimeSpan Next(double seconds)
    {
        var wait = double.IsFinite(seconds) ? Math.Clamp(seconds, 0.05, 300) : 10;
        foreach (var lease in leases.Held)
            wait = Math.Min(wait, lease.Length.TotalSeconds / 3);
        return TimeSpan.FromSeconds(wait);
    }

    private TimeSpan Limit(IReadOnlyList<HeldLease> held)
    {
        var limit = TimeSpan.FromSeconds(10);
        foreach (var lease in held)
            limit = TimeSpan.FromSeconds(Math.Clamp(lease.Length.TotalSeconds / 3, 0.2, limit.TotalSeconds));
        return limit < muster.Options.Timeout ? limit : muster.Options.Timeout;
    }

    private TimeSpan Away(Exception e)
    {
        if (_failures == 0)
            notice(new WorkNotice { Text = $"The heartbeat failed and is tried again: {e.Message}", Error = e });
        return Backoff.Delay(_failures++, FirstDelay, MaxDelay, (e as MusterException)?.RetryAfter);
    }

    private async Task TellAsync(AgentCommand command)
    {
        if (options.OnCommand is not { } hook)
            return;
        try
        {
            await Task.Run(() => hook(command, control.Ending));
        }
#pragma warning disable CA1031 // The hook is the caller's code: its error must not stop the heartbeat, and is told.
        catch (Exception e)
#pragma warning restore CA1031
        {
            notice(new WorkNotice { Text = $"The hook for the command {command.Kind} failed: {e.Message}", Error = e });
        }
    }
}
