using System.Collections.Concurrent;
using System.Collections.Frozen;
using Dapper;
using Microsoft.Extensions.Options;
using Muster.Contracts.Conversations;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Models;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Conversations.Running;

/// <summary>
/// The leader keeps goals moving. It looks when an event concerns a goal, and then only at the store: what a goal needs is
/// read from its rows, so that a restart or another leader goes on where the last one stopped. A model is asked for a plan that
/// is wanted, for a task that failed, and for what a person said; never to find out whether there is something to do.
/// </summary>
internal sealed class ChiefDriver : BackgroundService
{
    private readonly Store _store;
    private readonly IModels _models;
    private readonly PlanGoal _plan;
    private readonly StartGoal _start;
    private readonly ChangeGoal _change;
    private readonly FinishGoal _finish;
    private readonly ChiefOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ChiefDriver> _logger;
    private readonly Pulse _moved = new();
    private readonly ConcurrentDictionary<string, Task> _inHand = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _after = new(StringComparer.Ordinal);
    private volatile FrozenSet<string> _watched = [];

    public ChiefDriver(
        Store store, IModels models, PlanGoal plan, StartGoal start, ChangeGoal change, FinishGoal finish, IOptions<ChiefOptions> options, TimeProvider time, ILogger<ChiefDriver> logger)
    {
        (_store, _models, _plan, _start, _change, _finish, _options, _time, _logger) = (store, models, plan, start, change, finish, options.Value, time, logger);
        store.Listen(committed =>
        {
            if (committed.Events.Any(Matters) || committed.Signals.Any(s => s is LookAgain)) _moved.Beat();
        });
    }

    /// <summary>Looks so far; a test counts them.</summary>
    internal int Looks { get; private set; }

    /// <summary>Whether no goal is being worked on.</summary>
    internal bool Idle => _inHand.IsEmpty;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => _store.Leadership.RunAsync(LeadAsync, stoppingToken);

    private async Task LeadAsync(CancellationToken term)
    {
        try
        {
            await Steadily.RunAsync(StepAsync, "Looking at goals", _logger, _time, term);
        }
        finally
        {
            // What was begun in this term ends with it; the next leader begins it anew.
            await Task.WhenAll(_inHand.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool Matters(EventRow happened) => happened.Type switch
    {
        EventTypes.GoalCreated or EventTypes.GoalResumed or EventTypes.GoalPlanned or EventTypes.GoalStarted or EventTypes.GoalChanged or EventTypes.ProjectDeleted => true,
        EventTypes.TaskCompleted or EventTypes.TaskFailed or EventTypes.TaskQuarantined or EventTypes.TaskCancelled or EventTypes.TaskRetried or EventTypes.TaskDeleted =>
            happened.TaskId is { } task && _watched.Contains(task),
        _ => false,
    };

    private async Task StepAsync(CancellationToken ct)
    {
        var beat = _moved.Next;
        Looks++;
        var goals = (await _store.ReadAsync(c => c.QueryAsync<GoalRow>(GoalRow.Select + " WHERE ended_at IS NULL ORDER BY number"), ct)).AsList();
        var running = goals.Where(g => g.State == GoalState.Running).ToList();
        // Watched before it is looked at: what happens in between is either seen now or heard.
        var tasks = await TasksAsync(running, ct);
        var watched = tasks.Select(t => t.TaskId).ToFrozenSet(StringComparer.Ordinal);
        if (!watched.IsSubsetOf(_watched))
        {
            _watched = watched;
            tasks = await TasksAsync(running, ct);
        }
        else _watched = watched;

        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var of = tasks.ToLookup(t => t.GoalId, StringComparer.Ordinal);
        long? next = null;
        foreach (var goal in goals.Where(g => !_inHand.ContainsKey(g.Id)))
        {
            if (GoalDuty.Of(goal, [.. of[goal.Id]]) is var duty && duty == GoalDuties.None) continue;
            if (DueAt(goal, duty, now) is { } due)
            {
                next = Math.Min(next ?? due, due);
                continue;
            }

            if (_inHand.Count >= _options.MaxThoughts) break;
            Begin(goal, duty, ct);
        }

        await Pulse.WaitAsync(beat, next is { } at ? TimeSpan.FromMilliseconds(Math.Max(1, at - now)) : Timeout.InfiniteTimeSpan, _time, ct);
    }

    /// <summary>When it may be tried; null for now.</summary>
    private long? DueAt(GoalRow goal, GoalDuties duty, long now)
    {
        if (_after.TryGetValue(goal.Id, out var after) && after > now) return after;
        if (duty is not (GoalDuties.Plan or GoalDuties.Change) || !goal.WaitsForModel) return null;
        if (goal.RetryAt > now) return goal.RetryAt;
        // Asked of the plane's own memory: no model hears of it.
        return _models.WhyNot(_options.Route) is null ? null : now + (long)_options.RetryDelay.TotalMilliseconds;
    }

    private async Task<List<GoalTask>> TasksAsync(List<GoalRow> running, CancellationToken ct) => running.Count == 0 ? [] : (await _store.ReadAsync(c => c.QueryAsync<GoalTask>(
        GoalTask.Select + " JOIN goals g ON g.id = gt.goal_id WHERE g.ended_at IS NULL AND g.state = 'running' AND gt.counts = 1"), ct)).AsList();

    private void Begin(GoalRow goal, GoalDuties duty, CancellationToken ct)
    {
        var begun = new TaskCompletionSource();
        // In the list before it runs: it takes itself out when it is done.
        _inHand[goal.Id] = begun.Task;
        _ = RunAsync();

        async Task RunAsync()
        {
            try
            {
                await Task.Yield();
                await CarryAsync(goal, duty, ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                // The term is over; whoever leads next finds the goal as it stands.
            }
            catch (Refusal refusal)
            {
                // It was told to the person where it was found out.
                _logger.LogWarning("{Goal}: {Why}", goal.Key, refusal.Message);
            }
            catch (Exception error)
            {
                _after[goal.Id] = _time.GetUtcNow().Add(_options.RetryDelay).ToUnixTimeMilliseconds();
                _logger.LogError(error, "{Duty} for {Goal} failed and is tried again", duty, goal.Key);
            }

            _inHand.TryRemove(goal.Id, out _);
            begun.SetResult();
            _moved.Beat();
        }
    }

    private async Task CarryAsync(GoalRow goal, GoalDuties duty, CancellationToken ct)
    {
        switch (duty)
        {
            case GoalDuties.Plan:
                await _plan.RunAsync(goal, ct);
                break;
            case GoalDuties.Start:
                await _start.RunAsync(goal.Id, ct);
                break;
            case GoalDuties.Change:
                await _change.RunAsync(goal, ct);
                break;
            case GoalDuties.Settle:
                await _finish.RunAsync(goal, ct);
                break;
            case GoalDuties.None:
                break;
        }

        _after.TryRemove(goal.Id, out _);
    }
}
