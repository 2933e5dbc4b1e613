using Muster.Contracts.Fleet;

namespace Muster.Client.Work;

/// <summary>What the loop is told to do: by the plane, by a signal, by its caller.</summary>
internal sealed class WorkControl : IDisposable
{
    private static readonly string[] ByStrictness = [DesiredState.Running, DesiredState.Paused, DesiredState.Draining, DesiredState.Stopped];
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _ending = new();
    private CancellationTokenSource _claiming = new();

    public WorkControl(TimeProvider time) => Changed = new Signal(time);

    /// <summary>Set when the loop should look again: a slot is free, or it was told something.</summary>
    public Signal Changed { get; }

    public string Desired { get; private set; } = DesiredState.Running;

    public WorkEnd? End { get; private set; }

    /// <summary>Cancelled when the loop is to end; tasks get their grace from then on.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>Cancelled when no more tasks may be taken; a new one stands here after a resume.</summary>
    public CancellationToken Claiming
    {
        get
        {
            lock (_lock)
                return _claiming.Token;
        }
    }

    /// <summary>Whether the program is to be started anew once it holds nothing.</summary>
    public bool WantsRestart { get; private set; }

    /// <summary>Whether a task has found that the machine cannot do the work now.</summary>
    public bool IsUnfit { get; private set; }

    public bool MayClaim => End is null && !IsUnfit && Desired == DesiredState.Running;

    /// <summary>How the loop ends when it takes no more and holds nothing; null while it may go on.</summary>
    public WorkEnd? EndWhenFree => IsUnfit ? WorkEnd.Unfit : Desired != DesiredState.Draining ? null : WantsRestart ? WorkEnd.Restart : WorkEnd.Drained;

    /// <summary>Takes no more tasks, whatever the plane says.</summary>
    public void TakeNoMore()
    {
        lock (_lock)
        {
            IsUnfit = true;
            _ = _claiming.CancelAsync();
        }
        Changed.Set();
    }

    public void Finish(WorkEnd end)
    {
        lock (_lock)
        {
            if (End is not null)
                return;
            End = end;
            _ = _claiming.CancelAsync();
            _ = _ending.CancelAsync();
        }
        Changed.Set();
    }

    /// <summary>Follows the stricter of the state that the plane names and what a command asks, should they differ.</summary>
    public void Obey(string desired, IEnumerable<AgentCommand> commands)
    {
        var restart = false;
        foreach (var command in commands)
        {
            restart |= command.Kind == CommandKinds.Restart;
            var asked = StateOf(command.Kind);
            if (Array.IndexOf(ByStrictness, asked) > Array.IndexOf(ByStrictness, desired))
                desired = asked!;
        }
        lock (_lock)
        {
            WantsRestart = restart;
            if (End is not null || desired == Desired)
                return;
            if (desired == DesiredState.Running && !IsUnfit)
            {
                _claiming.Dispose();
                _claiming = new CancellationTokenSource();
            }
            else
            {
                _ = _claiming.CancelAsync();
            }
            Desired = desired;
        }
        Changed.Set();
        if (desired == DesiredState.Stopped)
            Finish(WorkEnd.Stopped);
    }

    public void Dispose()
    {
        _claiming.Dispose();
        _ending.Dispose();
    }

    private static string? StateOf(string command) => command switch
    {
        CommandKinds.Pause => DesiredState.Paused,
        CommandKinds.Drain or CommandKinds.Restart => DesiredState.Draining,
        CommandKinds.Stop => DesiredState.Stopped,
        _ => null,
    };
}
