using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Muster.Bench.Load;
using Muster.Bench.Measure;
using Muster.Bench.Servers;
using Muster.Bench.Wire;

namespace Muster.Bench.Benchmarks;

/// <summary>From the call that adds a task to an agent's claim answering with it, while a thousand agents wait; both durable.</summary>
internal static class Wakeup
{
    private const int Waiting = 1000;

    public static Benchmark Benchmark { get; } = new("wakeup", $"a task is added: how long until one of {Waiting} waiting agents has it", RunAsync);

    private static Task RunAsync(Session session) => Rounds.CompareAsync(session, Benchmark.Name, null,
        ("embedded", () => Waiters.MakeAsync(session, "embedded", null)),
        ("PostgreSQL", async () => await Waiters.MakeAsync(session, "PostgreSQL", await session.PostgresAsync())));

    private sealed class Waiters : IContender
    {
        private readonly Plane _plane;
        private readonly int _samples;
        private readonly CancellationTokenSource _ending;
        private readonly Dictionary<string, TaskCompletionSource<long>> _expected = new(StringComparer.Ordinal);
        private readonly List<Task> _agents = [];
        private int _next;

        private Waiters(string name, Plane plane, int samples, CancellationToken stop)
        {
            Name = name;
            _plane = plane;
            _samples = samples;
            _ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        }

        public string Name { get; }

        public string Unit => "ms (p50)";

        public static async Task<IContender> MakeAsync(Session session, string name, Postgres? postgres)
        {
            var waiting = session.Options.Quick ? Waiting / 10 : Waiting;
            // One task, which the first agent takes; from then on all wait.
            var plane = await SeededPlane.StartAsync(session, 1, postgres);
            var contender = new Waiters(name, plane, session.Options.Quick ? 50 : 500, session.Stop);
            await new Agents(plane, waiting).RegisterAsync(session.Stop);
            for (var n = 0; n < waiting; n++) contender._agents.Add(contender.WaitAsync(n, await plane.ConnectAsync(session.Stop), contender._ending.Token));
            await contender.AddAsync(20, session.Stop);
            return contender;
        }

        public async Task<Sample> RunAsync(CancellationToken ct)
        {
            var meter = Meter.Start(("plane", _plane.Usage));
            var latency = Latency.Of(await AddAsync(_samples, ct));
            return meter.Stop(latency.P50, _samples, latency);
        }

        public async ValueTask DisposeAsync()
        {
            await _ending.CancelAsync();
            foreach (var agent in _agents) await agent.ContinueWith(static _ => { }, TaskScheduler.Default);
            _ending.Dispose();
            await _plane.DisposeAsync();
        }

        private async Task<List<double>> AddAsync(int count, CancellationToken ct)
        {
            using var connection = await _plane.ConnectAsync(ct);
            var milliseconds = new List<double>();
            for (var i = 0; i < count; i++)
            {
                var title = string.Create(CultureInfo.InvariantCulture, $"wake {_next++}");
                var held = new TaskCompletionSource<long>();
                lock (_expected) _expected[title] = held;
                var added = Stopwatch.GetTimestamp();
                (await connection.SendAsync(Request.Post("/api/tasks", _plane.Token, $$"""{"project":"{{Seed.Project}}","title":"{{title}}"}"""), ct)).Require(201);
                var at = await held.Task.WaitAsync(TimeSpan.FromSeconds(30), ct);
                milliseconds.Add(Stopwatch.GetElapsedTime(added, at).TotalMilliseconds);
            }

            return milliseconds;
        }

        /// <summary>One agent: waits, takes, completes, waits again.</summary>
        private async Task WaitAsync(int n, Connection connection, CancellationToken ct)
        {
            using var own = connection;
            var claim = Request.Post("/api/claims", _plane.Token, $$"""{"agent":"bench-{{n}}","waitSeconds":60}""");
            while (true)
            {
                var body = (await connection.SendAsync(claim, ct)).Require(200).Body;
                var now = Stopwatch.GetTimestamp();
                var held = Held.Read(body.Span);
                if (held.Count == 0) continue;
                var title = JsonSerializer.Deserialize<JsonElement>(body.Span).GetProperty("tasks")[0].GetProperty("task").GetProperty("title").GetString()!;
                (await connection.SendAsync(Request.Post($"/api/assignments/{held[0].Assignment}/complete", _plane.Token, "{}", held[0].Lease), ct)).Require(200);
                TaskCompletionSource<long>? expected;
                lock (_expected) _expected.Remove(title, out expected);
                expected?.TrySetResult(now);
            }
        }
    }
}
