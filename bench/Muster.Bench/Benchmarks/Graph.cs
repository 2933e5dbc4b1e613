using System.Diagnostics;
using System.Text.Json;
using Muster.Bench.Load;
using Muster.Bench.Measure;
using Muster.Bench.Servers;
using Muster.Bench.Wire;

namespace Muster.Bench.Benchmarks;

/// <summary>Completing a task that a thousand others wait for, in a graph of a million: their counts fall in the same transaction.</summary>
internal static class Graph
{
    private const int Successors = 1000;
    private const int Writers = 32;

    public static Benchmark Benchmark { get; } = new("graph", $"a task with {Successors:N0} successors is completed in a graph of 1,000,000", RunAsync);

    private static Task RunAsync(Session session)
    {
        var size = session.Options.Quick ? 10_000 : 1_000_000;
        return Rounds.CompareAsync(session, Benchmark.Name, size,
            ("embedded", () => Hub.MakeAsync(session, "embedded", size, null)),
            ("PostgreSQL", async () => await Hub.MakeAsync(session, "PostgreSQL", size, await session.PostgresAsync())));
    }

    private sealed class Hub(string name, Plane plane) : IContender
    {
        public string Name => name;

        public string Unit => "ms";

        public static async Task<IContender> MakeAsync(Session session, string name, int size, Postgres? postgres)
        {
            var contender = new Hub(name, await SeededPlane.StartAsync(session, size, postgres));
            await new Agents(contender.Plane, 1).RegisterAsync(session.Stop);
            await contender.RunAsync(session.Stop);
            return contender;
        }

        private Plane Plane => plane;

        public async Task<Sample> RunAsync(CancellationToken ct)
        {
            using var connection = await plane.ConnectAsync(ct);
            // Most urgent, so that the claim takes it before the million.
            var hub = Id((await connection.SendAsync(Request.Post("/api/tasks", plane.Token, $$"""{"project":"{{Seed.Project}}","title":"hub","priority":1}"""), ct)).Require(201));
            await Requests.RepeatAsync(plane.Address, [.. Enumerable.Repeat(Request.Post("/api/tasks", plane.Token, $$"""{"project":"{{Seed.Project}}","title":"after","priority":5,"dependsOn":["{{hub}}"]}"""), Writers)], Successors, ct, 201);
            var held = Held.Read((await connection.SendAsync(Request.Post("/api/claims", plane.Token, """{"agent":"bench-0"}"""), ct)).Require(200).Body.Span);
            var meter = Meter.Start(("plane", plane.Usage));
            var sent = Stopwatch.GetTimestamp();
            (await connection.SendAsync(Request.Post($"/api/assignments/{held[0].Assignment}/complete", plane.Token, "{}", held[0].Lease), ct)).Require(200);
            var took = Stopwatch.GetElapsedTime(sent).TotalMilliseconds;
            return meter.Stop(took, 1, new Latency(took, took, took));
        }

        public ValueTask DisposeAsync() => plane.DisposeAsync();

        private static string Id(Answer answer) => JsonSerializer.Deserialize<JsonElement>(answer.Body.Span).GetProperty("id").GetString()!;
    }
}
