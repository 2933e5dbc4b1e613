using System.Globalization;
using Muster.Bench.Load;
using Muster.Bench.Measure;
using Muster.Bench.Servers;

namespace Muster.Bench.Benchmarks;

/// <summary>
/// What is left of the throughput while somebody holds a snapshot open, as a backup or a long report does: PostgreSQL then
/// keeps every dead row, and whoever looks for work by walking the index walks them all.
/// </summary>
internal static class Snapshot
{
    public static Benchmark Benchmark { get; } = new("snapshot", "throughput kept while a snapshot is held for 60 s on PostgreSQL", RunAsync);

    private static async Task RunAsync(Session session)
    {
        // Each round takes minutes, and what is asked is a matter of factors; three rounds tell.
        var postgres = await session.PostgresAsync();
        await Rounds.CompareAsync(session, Benchmark.Name, null,
            ("Muster", () => Ours(session, postgres)),
            ("graphile-worker, as installed", () => Graphile(session, postgres)),
            ("pgbench, the textbook claim", () => Textbook(session, postgres)));
    }

    private static async Task<IContender> Ours(Session session, Postgres postgres)
    {
        var held = Held(session);
        var folder = session.NewFolder("plane");
        var store = (await Seed.FillAsync(folder, postgres, Backlog(session), session.Stop))!;
        var plane = await Plane.StartAsync(folder, store, session.Stop);
        var agents = new Agents(plane, 64);
        await agents.RegisterAsync(session.Stop);
        await agents.ClaimAndCompleteAsync(1, int.MaxValue, session.Stop, held / 6);
        return new Kept("Muster", postgres, new Uri(store).AbsolutePath[1..], plane, async limit =>
        {
            await agents.RegisterAsync(session.Stop);
            return (await agents.ClaimAndCompleteAsync(1, int.MaxValue, session.Stop, limit)).Rate;
        }, held);
    }

    private static async Task<IContender> Graphile(Session session, Postgres postgres)
    {
        var database = await postgres.NewDatabaseAsync(session.Stop);
        var peer = await Peer.StartAsync("graphile.js", [postgres.Address(database), $"{Backlog(session)}", "24", "plain"], session.Stop);
        return new Kept("graphile-worker, as installed", postgres, database, peer, async limit => (await peer.RunAsync(session.Stop, limit)).Rate, Held(session));
    }

    private static async Task<IContender> Textbook(Session session, Postgres postgres)
    {
        var pgbench = await PgbenchContender.MakeAsync(session, "pgbench, the textbook claim", Backlog(session) / 2, 1);
        await pgbench.FillAsync(session.Stop);
        return new Kept(pgbench.Name, postgres, pgbench.Database, pgbench, async limit => (await pgbench.ForAsync(limit, session.Stop)).Rate, Held(session));
    }

    private static TimeSpan Held(Session session) => TimeSpan.FromSeconds(session.Options.Quick ? 6 : 60);

    private static int Backlog(Session session) => session.Options.Quick ? 100_000 : 1_500_000;

    private sealed class Kept(string name, Postgres postgres, string database, IAsyncDisposable owner, Func<TimeSpan, Task<double>> runFor, TimeSpan held) : IContender
    {
        public string Name => name;

        public string Unit => "% kept";

        public async Task<Sample> RunAsync(CancellationToken ct)
        {
            await postgres.SqlAsync(database, "VACUUM", ct);
            var meter = Meter.Start(("postgres", postgres.Usage));
            var free = await runFor(held / 6);
            await using var snapshot = await postgres.HoldSnapshotAsync(database, ct);
            await runFor(held * 5 / 6);
            // The last sixth, when most has died that cannot be cleared.
            var hindered = await runFor(held / 6);
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {name}: {free:N0}/s free, {hindered:N0}/s after {held.TotalSeconds:F0} s of a held snapshot"));
            return meter.Stop(100 * hindered / free, free * held.TotalSeconds);
        }

        public ValueTask DisposeAsync() => owner.DisposeAsync();
    }
}
