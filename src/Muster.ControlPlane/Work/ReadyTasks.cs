using System.Text.Json;
using Dapper;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>
/// The ready tasks in the order in which they are given out, in memory, so that a claim neither searches nor walks rows that
/// are gone. A memory aid: the store decides about each candidate. One that is not ready any more is dropped when it is
/// offered; one that nobody told of is found by the slow sweep.
/// </summary>
public sealed class ReadyTasks
{
    private const int Chunk = 20_000;

    private readonly Store _store;
    private readonly ProjectDirectory _projects;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _running = new(StringComparer.Ordinal);
    private Lanes _lanes = [];
    private Lanes? _next;
    private long _added;
    private int _offered;

    public ReadyTasks(Store store, ProjectDirectory projects)
    {
        (_store, _projects) = (store, projects);
        store.Listen(Hear);
    }

    /// <summary>Called when something may be there that was not before.</summary>
    public Action Refilled { get; set; } = () => { };

    public long Count
    {
        get { lock (_gate) return _lanes.Tasks(); }
    }

    /// <summary>Reads everything anew.</summary>
    public async Task LoadAsync(CancellationToken ct)
    {
        // Claims go on with what is there. What becomes ready meanwhile is added to both and may come twice, what is given out
        // meanwhile may be read as ready; an offer of either is refused once.
        lock (_gate) _next = [];
        var (project, priority, number) = ("", 0, 0);
        while (true)
        {
            var rows = (await _store.ReadAsync(c => c.QueryAsync<TaskRow>(
                """
                SELECT id, project_id, priority, number, role, labels, created_at FROM tasks
                 WHERE ready = 1 AND (project_id, priority, number) > (@project, @priority, @number) ORDER BY project_id, priority, number LIMIT @Chunk
                """, new { project, priority, number, Chunk }), ct)).AsList();
            lock (_gate)
                foreach (var row in rows) _next.Put(ReadyTask.Of(row, 0));
            if (rows.Count < Chunk) break;
            (project, priority, number) = (rows[^1].ProjectId, rows[^1].Priority, rows[^1].Number);
        }

        lock (_gate) (_lanes, _next) = (_next, null);
        await CountRunningAsync(ct);
        Refilled();
    }

    /// <summary>The slow sweep: finds ready tasks that nobody told of, and counts anew what runs.</summary>
    public async Task SweepAsync(CancellationToken ct)
    {
        long before, added;
        lock (_gate) (before, added) = (_lanes.Tasks() + _offered, _added);
        var stored = await _store.ReadAsync(c => c.QueryFirstAsync<long>("SELECT COUNT(*) FROM tasks WHERE ready = 1"), ct);
        bool quiet;
        lock (_gate) quiet = _added == added;
        // Stale entries make the count here too high, never too low; while tasks come and go it says nothing.
        if (quiet && stored > before) await LoadAsync(ct);
        else await CountRunningAsync(ct);
    }

    /// <summary>Whether there may be a task for this agent; a claim that has none need not trouble the store.</summary>
    public bool MayHave(ClaimWish wish)
    {
        lock (_gate) return _lanes.Values.Any(l => l.Tasks.Count > 0 && l.Suits(wish));
    }

    /// <summary>Takes the best candidate out: by priority, then from the project with the fewest tasks running, then by age.</summary>
    /// <param name="wish">For whom.</param>
    /// <param name="leave">Which not to take; they stay.</param>
    public ReadyTask? Take(ClaimWish wish, Func<ReadyTask, bool> leave)
    {
        List<ReadyTask>? left = null;
        lock (_gate)
        {
            ReadyTask? found = null;
            while (found is null && Best(wish) is { } lane)
            {
                var next = lane.Take();
                if (leave(next)) (left ??= []).Add(next);
                else found = next;
            }

            if (left is not null) left.ForEach(Put);
            if (found is null) return null;
            _offered++;
            _running[found.ProjectId] = _running.GetValueOrDefault(found.ProjectId) + 1;
            return found;
        }
    }

    /// <summary>Puts back what was taken and not given.</summary>
    public void PutBack(IReadOnlyCollection<ReadyTask> tasks)
    {
        if (tasks.Count == 0) return;
        lock (_gate)
            foreach (var task in tasks)
            {
                Put(task);
                Settled();
                Lower(task.ProjectId);
            }

        Refilled();
    }

    /// <summary>What was taken turned out not to be ready any more.</summary>
    public void Drop(ReadyTask task)
    {
        lock (_gate)
        {
            Settled();
            Lower(task.ProjectId);
        }
    }

    public void Add(IEnumerable<ReadyTask> tasks)
    {
        lock (_gate)
            foreach (var task in tasks)
            {
                Put(task);
                _added++;
            }
    }

    private Lane? Best(ClaimWish wish)
    {
        Lane? best = null;
        foreach (var lane in _lanes.Values)
        {
            if (lane.Tasks.Count == 0 || !lane.Suits(wish) || _projects.IsPaused(lane.ProjectId)) continue;
            if (best is null || Compare(lane, best) < 0) best = lane;
        }

        return best;
    }

    private int Compare(Lane one, Lane other)
    {
        var (a, b) = (one.Next, other.Next);
        if (a.Priority != b.Priority) return a.Priority.CompareTo(b.Priority);
        if (one.ProjectId != other.ProjectId)
        {
            var load = _running.GetValueOrDefault(one.ProjectId).CompareTo(_running.GetValueOrDefault(other.ProjectId));
            if (load != 0) return load;
        }

        return a.CreatedAt != b.CreatedAt ? a.CreatedAt.CompareTo(b.CreatedAt) : a.Number.CompareTo(b.Number);
    }

    private void Put(ReadyTask task)
    {
        _lanes.Put(task);
        _next?.Put(task);
    }

    private void Settled()
    {
        if (_offered > 0) _offered--;
    }

    private void Lower(string projectId)
    {
        if (_running.GetValueOrDefault(projectId) is var running and > 0) _running[projectId] = running - 1;
    }

    private void Hear(Committed committed)
    {
        var ready = committed.Signals.OfType<TaskBecameReady>().Where(s => !s.Offered).Select(s => s.Task).ToList();
        if (ready.Count > 0) Add(ready);
        lock (_gate)
            foreach (var signal in committed.Signals)
                if (signal is LeaseClosed closed) Lower(closed.ProjectId);
                else if (signal is LeaseOpened) Settled();
    }

    private async Task CountRunningAsync(CancellationToken ct)
    {
        var counts = await _store.ReadAsync(c => c.QueryAsync<(string ProjectId, int Running)>(
            "SELECT t.project_id, COUNT(*) FROM assignments s JOIN tasks t ON t.id = s.task_id WHERE s.status = 'active' GROUP BY t.project_id"), ct);
        lock (_gate)
        {
            _running.Clear();
            foreach (var (project, running) in counts) _running[project] = running;
        }
    }

    private sealed class Lanes : Dictionary<(string Project, string? Role, string Labels), Lane>
    {
        public long Tasks() => Values.Sum(l => (long)l.Tasks.Count);

        public void Put(ReadyTask task)
        {
            var key = (task.ProjectId, task.Role, task.Labels);
            if (!TryGetValue(key, out var lane)) Add(key, lane = new Lane(task.ProjectId, task.Role, task.Labels));
            lane.Put(task);
        }
    }

    /// <summary>Tasks that suit the same agents, first the one to be given next.</summary>
    private sealed class Lane(string projectId, string? role, string labels)
    {
        private readonly string[] _labels = labels == "[]" ? [] : JsonSerializer.Deserialize<string[]>(labels)!;

        public string ProjectId => projectId;

        // Small, because a million of them may wait.
        public PriorityQueue<Entry, (int Priority, int Number)> Tasks { get; } = new();

        public (int Priority, long CreatedAt, int Number) Next
        {
            get
            {
                Tasks.TryPeek(out var entry, out var rank);
                return (rank.Priority, entry.CreatedAt, rank.Number);
            }
        }

        public void Put(ReadyTask task) =>
            Tasks.Enqueue(new Entry(Guid.Parse(task.Id), task.CreatedAt, task.AvoidAgentId is null ? null : new Avoided(task.AvoidAgentId, task.AvoidUntil)), (task.Priority, task.Number));

        public ReadyTask Take()
        {
            Tasks.TryDequeue(out var entry, out var rank);
            return new ReadyTask(entry.Id.ToString("D"), projectId, rank.Priority, rank.Number, role, labels, entry.CreatedAt, entry.Avoided?.AgentId, entry.Avoided?.Until ?? 0);
        }

        public bool Suits(ClaimWish wish) =>
            (role is null || wish.Role is null || role == wish.Role)
            && ClaimWish.LabelsMatch(_labels, wish.Labels)
            && (wish.ProjectIds is null || wish.ProjectIds.Contains(projectId));
    }

    private readonly record struct Entry(Guid Id, long CreatedAt, Avoided? Avoided);

    private sealed record Avoided(string AgentId, long Until);
}

/// <summary>Which tasks somebody would take.</summary>
/// <param name="Role">Tasks for this role or for any; null takes all.</param>
/// <param name="Labels">Tasks that share one of these or have none; empty takes all.</param>
/// <param name="ProjectIds">Tasks of these projects; null takes all.</param>
public sealed record ClaimWish(string? Role, IReadOnlyList<string> Labels, IReadOnlyCollection<string>? ProjectIds)
{
    /// <summary>An agent with labels takes tasks that share one, and tasks that have none.</summary>
    public static bool LabelsMatch(IReadOnlyList<string> ofTask, IReadOnlyList<string> ofAgent) =>
        ofAgent.Count == 0 || ofTask.Count == 0 || ofTask.Any(l => ofAgent.Contains(l, StringComparer.OrdinalIgnoreCase));
}
