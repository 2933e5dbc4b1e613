using System.Text;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;

namespace Muster.Client.Tests.Plane;

/// <summary>Tasks, leases and logs; one lock, no clock: a lease ends when a test says so.</summary>
public sealed class PlaneState : IDisposable
{
    private readonly Dictionary<string, ClaimAnswer> _answers = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _closed = new();
    private readonly Queue<TaskInfo> _ready = new();
    private readonly Dictionary<string, Held> _held = [];
    private bool _takesNoMore;
    private TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int LeaseSeconds { get; set; } = 60;

    public double NextSeconds { get; set; } = 10;

    public string Desired { get; set; } = DesiredState.Running;

    public Queue<AgentCommand> Commands { get; } = new();

    /// <summary>Said with every heartbeat, as a plane says it as long as the agent drifts.</summary>
    public bool Restart { get; set; }

    /// <summary>Whether it knows what the agent runs.</summary>
    public bool AskRuns { get; set; }

    public List<TaskInfo> Created { get; } = [];

    /// <summary>Whether it takes hand-ins together with a claim; an earlier release overlooks them.</summary>
    public bool TakesCompletions { get; set; }

    /// <summary>Titles of tasks that wait for others: each hand-in that asks for a task makes one ready, and takes it.</summary>
    public Queue<string> Successors { get; } = new();

    /// <summary>How each assignment ended, in order: <c>T-1 completed</c>.</summary>
    public List<string> Ends { get; } = [];

    public List<HeartbeatRequest> Heartbeats { get; } = [];

    public void Add(params string[] titles)
    {
        foreach (var title in titles)
            Create(title);
    }

    /// <summary>Takes a task's lease back, as an expiry or a person does.</summary>
    public void Revoke(string key)
    {
        lock (_lock)
            Find(key).Current = false;
    }

    public string AssignmentOf(string key)
    {
        lock (_lock)
            return Find(key).Assignment.Id;
    }

    public string LogOf(string key)
    {
        lock (_lock)
            return Find(key).Log.ToString();
    }

    public void Dispose()
    {
        _closed.Cancel();
        _closed.Dispose();
    }

    public async Task<object> AnswerAsync(Received request)
    {
        var parts = request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return (request.Method, request.Path) switch
        {
            ("POST", Routes.Tasks) => Create(request.As<CreateTask>().Title),
            ("POST", Routes.AgentHeartbeat) => Heartbeat(request.As<HeartbeatRequest>()),
            ("POST", Routes.Claims) when TakesCompletions && request.As<ClaimRequest>().Complete is { } done => CompleteAndTake(request, done),
            ("POST", Routes.Claims) => await ClaimAsync(request.As<ClaimRequest>()),
            _ when parts is ["api", "assignments", var id, var what] => OnAssignment(request, id, what),
            _ => throw Refuse(404, ProblemCodes.NotFound, $"There is no {request.Method} {request.Path}."),
        };
    }

    private TaskInfo Create(string title)
    {
        lock (_lock)
        {
            var task = Samples.Task($"T-{Created.Count + 1}", title);
            Created.Add(task);
            _ready.Enqueue(task);
            Wake();
            return task;
        }
    }

    private HeartbeatAnswer Heartbeat(HeartbeatRequest request)
    {
        lock (_lock)
        {
            Heartbeats.Add(request);
            _takesNoMore = request.Status is "stopping" or "paused";
            if (_takesNoMore)
                Wake();
            var commands = Commands.ToArray();
            Commands.Clear();
            return new HeartbeatAnswer
            {
                AgentId = "a1",
                Agent = request.Agent,
                Leases = [.. (request.Leases ?? []).Select(Answer)],
                Commands = Restart ? [.. commands, new AgentCommand { Kind = CommandKinds.Restart }] : commands,
                AskRuns = AskRuns,
                Desired = Desired,
                NextSeconds = NextSeconds,
            };
        }
    }

    private LeaseAnswer Answer(string lease) => _held.TryGetValue(lease, out var held)
        ? new LeaseAnswer { AssignmentId = held.Assignment.Id, TaskKey = held.Task.Key, Current = held.Current }
        : new LeaseAnswer { Current = false };

    private async Task<ClaimAnswer> ClaimAsync(ClaimRequest request)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_closed.Token);
        limit.CancelAfter(TimeSpan.FromSeconds(request.WaitSeconds));
        while (true)
        {
            Task woken;
            lock (_lock)
            {
                if (_ready.Count > 0 || _takesNoMore || limit.IsCancellationRequested)
                    return new ClaimAnswer { Tasks = _takesNoMore ? [] : [.. Take(request)] };
                woken = _woken.Task;
            }
            await Task.WhenAny(woken, Task.Delay(Timeout.Infinite, limit.Token));
        }
    }

    /// <summary>Hands in and gives the next; the same question again gets the same answer.</summary>
    private ClaimAnswer CompleteAndTake(Received request, IReadOnlyList<Completion> done)
    {
        lock (_lock)
        {
            if (_answers.TryGetValue(request.Key!, out var before))
                return before;
            var completed = done.Select(d =>
            {
                if (!_held.TryGetValue(d.Lease, out var held) || !held.Current)
                    return new CompletionOutcome { AssignmentId = d.AssignmentId, Refused = new Problem { Title = "Conflict", Status = 409, Code = ProblemCodes.LeaseLost } };
                held.Current = false;
                Ends.Add($"{held.Task.Key} complete");
                return new CompletionOutcome { AssignmentId = d.AssignmentId, Assignment = held.Assignment };
            }).ToList();
            if (Successors.TryDequeue(out var title))
            {
                Created.Add(Samples.Task($"T-{Created.Count + 1}", title));
                _ready.Enqueue(Created[^1]);
            }
            return _answers[request.Key!] = new ClaimAnswer { Completed = completed, Tasks = _takesNoMore ? [] : [.. Take(request.As<ClaimRequest>())] };
        }
    }

    private IEnumerable<ClaimedTask> Take(ClaimRequest request)
    {
        for (var i = 0; i < request.Max && _ready.TryDequeue(out var task); i++)
        {
            var epoch = _held.Values.Count(h => h.Task.Id == task.Id) + 1;
            var lease = $"mls_{task.Key}_{epoch}";
            var assignment = Samples.Assignment($"{task.Key}-{epoch}", task, request.Agent, epoch);
            _held[lease] = new Held(task, assignment);
            yield return new ClaimedTask { Assignment = assignment, Task = task, Lease = lease, LeaseSeconds = LeaseSeconds };
        }
    }

    private object OnAssignment(Received request, string id, string what)
    {
        lock (_lock)
        {
            if (request.Lease is null || !_held.TryGetValue(request.Lease, out var held) || held.Assignment.Id != id || !held.Current)
                throw Refuse(409, ProblemCodes.LeaseLost, "The lease is no longer current.");
            if (what == "log")
                return held.Append(request.As<AppendLog>());
            if (what != "progress")
            {
                held.Current = false;
                Ends.Add($"{held.Task.Key} {what}");
                if (what == "release")
                {
                    _ready.Enqueue(held.Task);
                    Wake();
                }
            }
            return held.Assignment;
        }
    }

    private Held Find(string key) => _held.Values.Last(h => h.Task.Key == key);

    private void Wake()
    {
        _woken.TrySetResult();
        _woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private static MusterException Refuse(int status, string code, string detail) =>
        new(new Problem { Title = "Refused", Status = status, Code = code, Detail = detail });

    private sealed record Held(TaskInfo Task, AssignmentInfo Assignment)
    {
        public bool Current { get; set; } = true;

        public StringBuilder Log { get; } = new();

        /// <summary>A piece that is there already changes nothing; a gap would show as an error.</summary>
        public LogText Append(AppendLog piece)
        {
            if (piece.Offset > Log.Length)
                throw Refuse(400, ProblemCodes.Invalid, "The piece leaves a gap.");
            var known = (int)(Log.Length - piece.Offset);
            if (known < piece.Text.Length)
                Log.Append(piece.Text.AsSpan(known));
            return new LogText { Text = "", Next = Log.Length, Truncated = false };
        }
    }
}
