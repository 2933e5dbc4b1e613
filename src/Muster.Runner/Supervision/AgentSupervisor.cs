using Muster.Client;
using Muster.Contracts.Fleet;
using Muster.Runner.Processes;

namespace Muster.Runner.Supervision;

/// <summary>
/// Keeps one agent as it should be: starts its process, starts it again when it dies (within the restart intensity), stops it when
/// told. All of that happens in one loop, so that orders and deaths never cross.
/// </summary>
internal sealed class AgentSupervisor : IAsyncDisposable
{
    private readonly HostOptions _options;
    private readonly AgentLauncher _launcher;
    private readonly HostRun _run;
    private readonly Action _changed;
    private readonly Action<string> _notice;
    private readonly RestartIntensity _intensity;
    private readonly RestartIntensity _rests;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Task _loop;
    private volatile AgentInfo _wanted;
    private volatile AgentStatus _status = new("stopped", null, null);
    private volatile bool _ending;
    private int _restarts;

    public AgentSupervisor(AgentInfo wanted, HostOptions options, AgentLauncher launcher, HostRun run, Action changed, Action<string> notice)
    {
        _wanted = wanted;
        _options = options;
        _launcher = launcher;
        _run = run;
        _changed = changed;
        _notice = notice;
        _intensity = new RestartIntensity(options.Restarts, options.Time);
        _rests = new RestartIntensity(options.Rests, options.Time);
        _loop = Task.Run(LoopAsync);
    }

    public AgentProcess Describe() => new()
    {
        AgentId = _wanted.Id,
        State = _status.State,
        Pid = _status.Pid,
        Restarts = _restarts,
        Deaths = _run.Deaths(_wanted.Id),
        LastError = _status.LastError,
    };

    public void Want(AgentInfo agent)
    {
        // One that was left to end by itself and fell silent is news as well: it will not.
        var news = agent.Desired != _wanted.Desired || EndsByItself(agent) != EndsByItself(_wanted) || AgentLauncher.Key(agent) != AgentLauncher.Key(_wanted);
        _wanted = agent;
        if (news && !_ending) _wake.Release();
    }

    /// <summary>Stops the process in good order.</summary>
    public async ValueTask DisposeAsync()
    {
        _ending = true;
        _wake.Release();
        await _loop;
        _wake.Dispose();
    }

    private async Task LoopAsync()
    {
        while (!_ending)
        {
            var agent = _wanted;
            // One that is paused or drains is not started anew; one that runs then is left to its own loop, which is told by the plane.
            if (agent.Desired == DesiredState.Running) await KeepRunningAsync(agent);
            else
            {
                _intensity.Reset();
                Set(_status with { State = "stopped", Pid = null });
                await WakeAsync(Timeout.InfiniteTimeSpan);
            }
        }
    }

    // From a start to the moment that it is stopped on purpose, or its backing off is over, or it is given up.
    private async Task KeepRunningAsync(AgentInfo agent)
    {
        await _run.WhenHeardAsync(agent.Id, () => _ending || _wanted.Desired != DesiredState.Running);
        if (_ending || _wanted.Desired != DesiredState.Running) return;
        ProcessGroup process;
        try
        {
            process = await _launcher.StartAsync(agent);
        }
        catch (Exception error) when (error is PlaneUnreachableException or MusterException { IsTransient: true })
        {
            // No token without the plane; not the agent's fault.
            await WakeAsync(TimeSpan.FromSeconds(1));
            return;
        }
#pragma warning disable CA1031 // Whatever is wrong with one agent is told and counted as its death; the others go on.
        catch (Exception error)
#pragma warning restore CA1031
        {
            await BackOffAsync(agent, error.Message);
            return;
        }

        _run.Started(agent.Id);
        Set(new AgentStatus("running", process.Pid, _status.LastError));
        var key = AgentLauncher.Key(agent);
        while (!process.Exit.IsCompleted && !_ending && _wanted.Desired != DesiredState.Stopped && (AgentLauncher.Key(_wanted) == key || EndsByItself(_wanted)))
        {
            using var exited = new CancellationTokenSource();
            await Task.WhenAny(process.Exit, WakeAsync(Timeout.InfiniteTimeSpan, exited.Token));
            await exited.CancelAsync();
        }

        var died = process.Exit.IsCompleted;
        var exit = await _launcher.EndAsync(agent, process, _options.Grace);
        if (!died || exit.Code == AgentExit.Restart || _wanted.Desired is DesiredState.Stopped or DesiredState.Draining)
        {
            Set(new AgentStatus("stopped", null, null));
            return;
        }

        if (exit.Code == AgentExit.Unfit)
        {
            await RestAsync(agent, _launcher.LastLine(agent));
            return;
        }

        _run.CountDeath(agent.Id);
        await BackOffAsync(agent, $"its process {exit}. {_launcher.LastLine(agent)}".Trim());
    }

    // One of ours that still answers is told by the plane that it runs something else than is declared, and ends between two tasks.
    private static bool EndsByItself(AgentInfo agent) => agent is { Definition.Executor: not Contracts.Fleet.Executors.Program, Health: AgentHealth.Healthy };

    private async Task BackOffAsync(AgentInfo agent, string why)
    {
        var decision = _intensity.Died();
        _notice($"agent {agent.Name}: {why}{(decision.GiveUp ? " It is given up: it died too often. Mend it, then stop and resume it." : "")}");
        if (decision.GiveUp)
        {
            Set(new AgentStatus("given_up", null, why));
            await WakeAsync(Timeout.InfiniteTimeSpan);
            _intensity.Reset();
            return;
        }

        Set(new AgentStatus("backoff", null, why));
        await WakeAsync(decision.Delay);
        Interlocked.Increment(ref _restarts);
    }

    // Nothing is wrong with the agent, so it is neither a death nor ever given up; whoever mends the host need not think of it.
    private async Task RestAsync(AgentInfo agent, string why)
    {
        _notice($"agent {agent.Name} rests: {why}");
        Set(new AgentStatus("backoff", null, why));
        await WakeAsync(_rests.Died().Delay);
    }

    private async Task WakeAsync(TimeSpan limit, CancellationToken cancellation = default)
    {
        try
        {
            await _wake.WaitAsync(limit, cancellation);
        }
        catch (OperationCanceledException)
        {
            // What it waited beside came first.
        }
    }

    private void Set(AgentStatus status)
    {
        if (status == _status) return;
        _status = status;
        _changed();
    }

    private sealed record AgentStatus(string State, int? Pid, string? LastError);
}
