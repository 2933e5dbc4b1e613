using Muster.Contracts.Fleet;
using Muster.Contracts.Work;

namespace Muster.Client.Work;

/// <summary>Registers, claims, works, and ends in good order.</summary>
internal sealed class WorkLoop : IDisposable
{
    private static readonly TimeSpan HandInLimit = TimeSpan.FromSeconds(5);
    private readonly WorkOptions _options;
    private readonly TimeProvider _time;
    private readonly WorkControl _control;
    private readonly LeaseKeeper _leases;
    private readonly Heartbeater _heart;
    private readonly Claimer _claimer;
    private readonly NextTasks _next;
    private readonly TaskRun _run;
    private readonly Action<WorkNotice> _notice;
    private readonly List<Task> _running = [];
    private readonly CancellationTokenSource _graceOver = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly CancellationTokenSource _end = new();
    private int _busy;

    public WorkLoop(MusterClient muster, WorkOptions options, Func<TaskInfo, TaskContext, CancellationToken, Task> work)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Capacity, 1);
        _options = options;
        _time = muster.Options.TimeProvider;
        _notice = notice => options.OnNotice?.Invoke(notice);
        _control = new WorkControl(_time);
        _leases = new LeaseKeeper(_notice);
        _heart = new Heartbeater(muster, options, _leases, _control, _notice);
        _claimer = new Claimer(muster, options, _control, _heart, _notice);
        _next = new NextTasks(options, _control, _heart);
        _run = new TaskRun(muster, options, work, _leases, _next, _control, _notice);
    }

    public async Task<WorkEnd> RunAsync(CancellationToken ct)
    {
        await using var cancelled = ct.Register(() => _control.Finish(WorkEnd.Cancelled));
        using var signals = _options.HandleSignals ? new StopSignals(_control, _graceOver) : null;
        TimeSpan first;
        try
        {
            first = await _heart.RegisterAsync(_control.Ending);
        }
        catch (OperationCanceledException) when (_control.Ending.IsCancellationRequested)
        {
            return _control.End ?? WorkEnd.Cancelled;
        }
        using var silent = new CancellationTokenSource();
        var beating = Task.Run(() => BeatAsync(first, silent.Token), CancellationToken.None);
        try
        {
            await WorkAsync();
        }
        finally
        {
            _control.Finish(WorkEnd.Cancelled);
            await FinishAsync();
            await silent.CancelAsync();
            await beating;
        }
        await _heart.SayGoodbyeAsync();
        return _control.End ?? WorkEnd.Cancelled;
    }

    public void Dispose()
    {
        _control.Dispose();
        _graceOver.Dispose();
        _abandon.Dispose();
        _end.Dispose();
    }

    private async Task BeatAsync(TimeSpan first, CancellationToken silent)
    {
        try
        {
            await _heart.RunAsync(first, silent);
        }
        catch (OperationCanceledException) when (silent.IsCancellationRequested)
        {
            // The loop has ended.
        }
        finally
        {
            // Without a heartbeat there is no work to be had: an error in it ends the loop, and is thrown at its end.
            _control.Finish(WorkEnd.Cancelled);
        }
    }

    private async Task WorkAsync()
    {
        while (_control.End is null)
        {
            foreach (var ended in _running.FindAll(static task => task.IsCompleted))
            {
                _running.Remove(ended);
                await ended;
            }
            StartGiven();
            var busy = Volatile.Read(ref _busy);
            if (_control.EndWhenFree is { } end && busy == 0)
                _control.Finish(end);
            else if (_control.MayClaim && busy < _options.Capacity)
                await ClaimAsync(_options.Capacity - busy);
            else
                await _control.Changed.WaitAsync(TimeSpan.FromSeconds(5), CancellationToken.None);
        }
    }

    private async Task ClaimAsync(int free)
    {
        var claiming = _control.Claiming;
        var asking = _claimer.ClaimAsync(free, claiming);
        // What a hand-in brings back meanwhile does not wait for the end of a long question: its lease is running.
        while (!asking.IsCompleted)
        {
            await _next.Given.WaitOrAsync(asking);
            StartGiven();
        }
        var (tasks, from) = await asking;
        foreach (var claimed in tasks)
            Start(claimed, from, begin: !claiming.IsCancellationRequested);
    }

    /// <summary>Starts what hand-ins have brought back.</summary>
    private void StartGiven()
    {
        while (_next.TryTake(out var tasks, out var from))
            foreach (var claimed in tasks)
                Start(claimed, from, begin: _control.MayClaim && _control.End is null);
    }

    private void Start(ClaimedTask claimed, long from, bool begin)
    {
        var held = new HeldLease(claimed, from, _options.LeaseMargin, _time);
        _leases.Add(held);
        // Given while the loop was told to take no more: handed back, without having been begun.
        if (!begin)
            held.Stop(TaskStop.Stopping, "the agent takes no more tasks");
        Interlocked.Increment(ref _busy);
        _running.Add(Task.Run(() => CarryAsync(held), CancellationToken.None));
    }

    private async Task CarryAsync(HeldLease held)
    {
        try
        {
            await _run.RunAsync(held, _abandon.Token, _end.Token);
        }
        finally
        {
            Interlocked.Decrement(ref _busy);
            _control.Changed.Set();
        }
    }

    /// <summary>Tasks first get time to finish, then time to save what is half done and to be handed back; heartbeats go on meanwhile.</summary>
    private async Task FinishAsync()
    {
        _heart.BeatNow();
        StartGiven();
        var all = Task.WhenAll(_running);
        if (!await EndsWithinAsync(all, _options.Grace, _graceOver.Token))
        {
            foreach (var held in _leases.Held)
                held.Stop(TaskStop.Stopping, "the agent is stopping");
            if (!await EndsWithinAsync(all, _options.Patience, CancellationToken.None))
            {
                foreach (var held in _leases.Held)
                    _notice(new WorkNotice { Text = "The task did not stop in time and is left behind.", TaskKey = held.Claimed.Task.Key });
                await _abandon.CancelAsync();
                await EndsWithinAsync(all, HandInLimit, CancellationToken.None);
            }
        }
        // What the last hand-ins brought back after the loop had ended is handed back at once.
        StartGiven();
        await EndsWithinAsync(Task.WhenAll(_running), HandInLimit, CancellationToken.None);
        await _end.CancelAsync();
        await Task.WhenAll(_running);
    }

    private async Task<bool> EndsWithinAsync(Task all, TimeSpan limit, CancellationToken cut)
    {
        try
        {
            await all.WaitAsync(limit, _time, cut);
            return true;
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException && !all.IsFaulted)
        {
            return false;
        }
    }
}
