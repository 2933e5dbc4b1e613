using Muster.Contracts;
using Muster.Contracts.Work;
using Muster.ControlPlane.Work;
using Muster.Proof.Checking;
using Muster.Proof.Planting;

namespace Muster.Proof.Simulation;

/// <summary>
/// One seed: a plane, its callers and a network between them, all moved by one clock that only this class turns. Everything
/// that is random comes from the seed, so the same seed is the same story.
/// </summary>
internal sealed class World
{
    public const string Project = "SIM";

    private static readonly TimeSpan SweepEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>Steps of fair weather after which something must be stuck.</summary>
    private const int PeaceSteps = 3000;

    private readonly SimServer _server;
    private readonly SimOptions _options;
    private readonly string _folder;
    private readonly int _seed;
    private readonly Random _random;
    private readonly VirtualTime _time = new();
    private readonly Oracle _oracle;
    private readonly Network _network;
    private readonly PlantState? _plant;
    private readonly PriorityQueue<Func<Task>, (TimeSpan At, long Order)> _queue = new();
    private readonly List<Call> _calls = [];
    private readonly List<string> _trace = [];
    private readonly HashSet<(string Task, string On)> _edges = [];
    private SimPlane? _plane;
    private long _order;
    private int _steps;
    private int _crashes;
    private int _lives;

    public World(SimServer server, int seed, SimOptions options, string folder)
    {
        (_server, _seed, _options, _folder) = (server, seed, options, folder);
        _random = new Random(seed);
        _oracle = new Oracle(_time, Lease);
        _network = new Network(this, new Random(_random.Next()));
        var strikes = new Random(_random.Next());
        if (options.Plant is { } plant) _plant = new PlantState(plant, () => strikes.Next(4) == 0);
    }

    public static TimeSpan Lease { get; } = TimeSpan.FromSeconds(3);

    public bool IsOver { get; private set; }

    /// <summary>A number for each thing that happens, in order.</summary>
    public long Clock() => ++_order;

    public void After(TimeSpan delay, Action happens) => After(delay, () => { happens(); return Task.CompletedTask; });

    public void After(TimeSpan delay, Func<Task> happens) => _queue.Enqueue(happens, (_time.Elapsed + delay, ++_order));

    /// <summary>Notes a call before it goes out, when nobody knows yet what will come of it; answers where.</summary>
    public int Noted(Call call)
    {
        _calls.Add(call with { End = Ends.Unknown, Answered = long.MaxValue });
        return _calls.Count - 1;
    }

    /// <summary>What came of a noted call.</summary>
    public void Heard(int noted, string end) => _calls[noted] = _calls[noted] with { End = end, Answered = end == Ends.Unknown ? long.MaxValue : Clock() };

    public void Heard(Call call) => _calls.Add(call);

    public bool IsSuccessor(string task, string on) => _edges.Contains((task, on));

    public int Number(string key) => int.Parse(key.AsSpan(key.IndexOf('-', StringComparison.Ordinal) + 1));

    public async Task<SimOutcome> RunAsync()
    {
        await OpenAsync(Template());
        await _plane!.SendAsync(new SimRequest("POST", Routes.Projects, new CreateProject { Name = "sim", Key = Project, LeaseSeconds = (int)Lease.TotalSeconds, MaxFailures = 3, Contract = "" }));
        for (var i = 1; i <= _options.Agents; i++) new SimAgent(this, _network, $"agent-{i}", new Random(_random.Next())).Start();
        new SimPerson(this, _network, new Random(_random.Next()), _options.Tasks).Start();
        After(SweepEvery, SweepAsync);
        var end = int.MaxValue;
        for (var turn = 0; _oracle.Breaches.Count == 0 && turn < end && _queue.TryDequeue(out var happens, out var at); turn++)
        {
            _time.MoveTo(at.At);
            await happens();
            if (_network.Fair || _steps < _options.Steps) continue;
            _network.Fair = true;
            _time.SetRight();
            end = turn + PeaceSteps;
        }

        return await ConcludeAsync();
    }

    /// <summary>A call reaches the plane; null when there is none to answer.</summary>
    public async Task<SimAnswer?> ArriveAsync(SimCall call)
    {
        if (_plane is null) return null;
        _steps++;
        var crash = !_network.Fair && _random.Next(100) < 3 ? _random.Next(4) : -1;
        var files = crash >= 0 ? _plane.Files() : null;
        var before = await Row.ReadAsync(_plane.Store);
        var answer = await _plane.SendAsync(call.Request);
        var after = await Row.ReadAsync(_plane.Store);
        Tell($"{call.Text}: {answer.Status}{(call.Kind == Kinds.Claim && answer.IsOk ? " " + string.Join(' ', answer.Read<ClaimAnswer>().Tasks.Select(t => $"{t.Task.Key}@{t.Assignment.Epoch}")) : "")}");
        if (crash is 0 or 1 && _options.Plant != Plant.AcknowledgeBeforeCommit)
        {
            // The commit never was, or was cut off in the middle of its writing; nobody heard of it.
            await CrashAsync(crash == 0 ? files! : Torn(files!, _plane.Files()), before, crash == 0 ? null : after);
            return null;
        }

        _oracle.Judge(call, answer, before, after);
        if (call.Kind == Kinds.Create && answer.IsOk) await NoteEdgesAsync();
        if (call.Kind == Kinds.Fail && answer.IsOk) await PinAsync();
        // Planted: the answer is on its way although the commit is lost.
        if (crash is 0 or 1) await CrashAsync(files!, before, null);
        else if (crash >= 0) await CrashAsync(_plane.Files(), await Row.ReadAsync(_plane.Store), null);
        return crash == 2 ? null : answer;
    }

    private async Task SweepAsync()
    {
        if (_plane is not null)
        {
            // Clocks jump; what is safe must not rest on them.
            if (!_network.Fair && _random.Next(60) == 0)
            {
                var by = _random.Next(-30, 90);
                _time.Jump(TimeSpan.FromSeconds(by));
                Tell($"the wall clock jumps by {by} s");
            }

            var before = await Row.ReadAsync(_plane.Store);
            await _plane.SweepAsync();
            var after = await Row.ReadAsync(_plane.Store);
            _oracle.Swept(before, after);
            foreach (var row in after.Values.Where(r => before[r.Id].Status != r.Status)) Tell($"sweep: task {row.Number} is {row.Status}");
            if (_network.Fair && after.Values.All(r => r is { Ready: false, NotBefore: null } && r.Status != TaskState.InProgress)) IsOver = true;
        }

        if (!IsOver) After(SweepEvery, SweepAsync);
        else _queue.Clear();
    }

    /// <summary>The plane is gone, and what it left on the disk is opened by its successor after a while.</summary>
    private async Task CrashAsync(IReadOnlyDictionary<string, byte[]> files, IReadOnlyDictionary<string, Row> wanted, IReadOnlyDictionary<string, Row>? or)
    {
        Tell("crash");
        _crashes++;
        var gone = _plane!;
        _plane = null;
        await gone.DisposeAsync();
        After(TimeSpan.FromMilliseconds(_random.Next(10, 5000)), async () =>
        {
            await OpenAsync(files);
            var found = await Row.ReadAsync(_plane!.Store);
            if (!Same(found, wanted) && (or is null || !Same(found, or))) _oracle.Add(Rules.AcknowledgedLost, $"after the crash the store holds another state than before it: {string.Join(", ", found.Values.Where(r => wanted.GetValueOrDefault(r.Id) != r))}");
            Tell("restart");
        });
    }

    private async Task OpenAsync(IReadOnlyDictionary<string, byte[]> files)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, $"{++_lives}")).FullName;
        foreach (var (name, bytes) in files) await File.WriteAllBytesAsync(Path.Combine(folder, name), bytes);
        _plane = await SimPlane.OpenAsync(_server, folder, _time, _plant);
        _oracle.Opened(await Row.ReadAsync(_plane.Store));
    }

    private Dictionary<string, byte[]> Template() => Directory.GetFiles(_server.Template, "muster.db").ToDictionary(f => Path.GetFileName(f), File.ReadAllBytes, StringComparer.Ordinal);

    /// <summary>Of what the log grew by, only a part has reached the disk.</summary>
    private IReadOnlyDictionary<string, byte[]> Torn(IReadOnlyDictionary<string, byte[]> before, IReadOnlyDictionary<string, byte[]> after)
    {
        const string log = "muster.db-wal";
        if (!before.TryGetValue(log, out var old) || !after.TryGetValue(log, out var grown) || grown.Length <= old.Length) return before;
        return new Dictionary<string, byte[]>(before, StringComparer.Ordinal) { [log] = grown[..(old.Length + _random.Next(grown.Length - old.Length))] };
    }

    /// <summary>The plane draws the length of a pause at random; here it comes from the seed.</summary>
    private Task PinAsync()
    {
        var at = _time.GetUtcNow().ToUnixTimeMilliseconds() + _random.Next(100, 3000);
        return _plane!.Store.WriteAsync(tx =>
        {
            if (tx.Execute("UPDATE tasks SET not_before = @at WHERE not_before_code = 'backoff' AND updated_at = @Now", new { at, tx.Now }) > 0) tx.Notify(new TaskDue(at));
        });
    }

    private async Task NoteEdgesAsync()
    {
        foreach (var edge in (await StoreFacts.ReadAsync(_plane!.Store, checkPages: false)).Edges) _edges.Add(edge);
    }

    private async Task<SimOutcome> ConcludeAsync()
    {
        var breaches = _oracle.Breaches.ToList();
        if (_plane is null && breaches.Count == 0) breaches.Add(new Breach(Rules.Stuck, "the plane did not come back"));
        if (_plane is not null)
        {
            var facts = await StoreFacts.ReadAsync(_plane.Store, checkPages: _crashes > 0);
            breaches.AddRange(StoreInvariants.Check(facts));
            breaches.AddRange(Acknowledged.Check(facts, _calls));
            if (!IsOver && breaches.Count == 0) breaches.Add(new Breach(Rules.Stuck, $"in fair weather there is still work: {string.Join(", ", facts.Tasks.Where(t => t.Ready || t.NotBefore is not null || t.Status == TaskState.InProgress).Select(t => $"task {t.Number} {t.Status}{(t.NotBefore is { } due ? $", due in {(due - _time.GetUtcNow().ToUnixTimeMilliseconds()) / 1000.0:F1} s" : "")}"))}"));
            await _plane.DisposeAsync();
        }

        return new SimOutcome(_seed, _steps, _crashes, breaches, _trace);
    }

    private static bool Same(IReadOnlyDictionary<string, Row> one, IReadOnlyDictionary<string, Row> other) =>
        one.Count == other.Count && one.All(r => other.TryGetValue(r.Key, out var row) && row == r.Value);

    private void Tell(string text) => _trace.Add($"{_time.Elapsed.TotalSeconds,8:F3} {text}");
}
