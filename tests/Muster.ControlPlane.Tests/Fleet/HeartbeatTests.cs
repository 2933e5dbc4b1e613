using System.Collections.Concurrent;
using Dapper;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Tests.Fleet;

/// <summary>What a heartbeat costs the store: nothing while nothing changes, and one write for all who come back together.</summary>
[Trait("req", "C5")]
public sealed class HeartbeatTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Agents_that_come_back_together_are_written_down_together_and_each_is_told_once()
    {
        const int fleet = 40;
        await using var plane = await TestPlane.StartAsync();
        for (var n = 0; n < fleet; n++) await plane.BeatAsync($"agent-{n}");
        var told = new Told(plane.Store);
        plane.Clock.Advance(PresenceTable.StaleAfter);
        await told.WaitAsync("is stale", fleet);

        for (var n = 0; n < fleet; n++) await plane.BeatAsync($"agent-{n}");
        // People see at once what memory knows.
        Assert.Equal(AgentHealth.Healthy, (await plane.GetAsync<AgentInfo>(Routes.With(Routes.Agent, "agent-0"))).Health);
        await told.WaitAsync("is healthy", fleet);

        Assert.InRange(told.CommitsWith("is healthy"), 1, fleet / 2);
        Assert.Equal(fleet, await CountAsync(plane, AgentHealth.Healthy));
        var events = await plane.Store.ReadAsync(c => c.QueryAsync<string>("SELECT agent_id FROM events WHERE type = @type AND text LIKE '%is healthy%'", new { type = EventTypes.AgentStatusChanged }), default);
        Assert.Equal(fleet, events.Distinct().Count());
        Assert.Equal(fleet, events.Count());
    }

    [Fact]
    public async Task After_a_restart_a_beat_that_says_what_the_store_knows_writes_nothing_and_one_that_says_more_is_written()
    {
        var folder = Directory.CreateTempSubdirectory("muster-test-").FullName;
        try
        {
            var beat = new HeartbeatRequest { Agent = "ada", Role = "backend", Labels = ["gpu", "fast"], Capacity = 3, Version = "1.0", Status = "idle" };
            await using (var plane = await TestPlane.StartAsync(folder)) await plane.PostAsync<HeartbeatAnswer>(Routes.AgentHeartbeat, beat);
            await using var again = await TestPlane.StartAsync(folder);
            var before = await again.Store.ReadAsync(c => c.QuerySingleAsync<AgentRow>(AgentRow.ByIdOrName, new { agent = "ada" }), default);
            var commits = new Told(again.Store);

            for (var i = 0; i < 3; i++) await again.PostAsync<HeartbeatAnswer>(Routes.AgentHeartbeat, beat);
            Assert.Equal(before.UpdatedAt, (await again.Store.ReadAsync(c => c.QuerySingleAsync<AgentRow>(AgentRow.ByIdOrName, new { agent = "ada" }), default)).UpdatedAt);
            Assert.Equal(0, commits.OfAgents);

            foreach (var news in new[] { beat with { Version = "1.1" }, beat with { Labels = ["gpu"] }, beat with { Capacity = 4 }, beat with { Role = "frontend" }, beat with { Status = "working" }, beat with { Rehearsal = true } })
            {
                var seen = commits.OfAgents;
                await again.PostAsync<HeartbeatAnswer>(Routes.AgentHeartbeat, news);
                Assert.Equal(seen + 1, commits.OfAgents);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Task<int> CountAsync(TestPlane plane, string health) => plane.Store.ReadAsync(c => c.QuerySingleAsync<int>("SELECT COUNT(*) FROM agents WHERE health = @health", new { health }), default);

    /// <summary>Commits that told of agents, and what they told.</summary>
    private sealed class Told
    {
        private readonly ConcurrentQueue<List<string>> _commits = new();
        private readonly SemaphoreSlim _news = new(0);
        private int _ofAgents;

        public Told(Store store) => store.Listen(committed =>
        {
            if (committed.Signals.OfType<AgentChanged>().Any()) Interlocked.Increment(ref _ofAgents);
            _commits.Enqueue([.. committed.Events.Where(e => e.Type == EventTypes.AgentStatusChanged).Select(e => e.Text)]);
            _news.Release();
        });

        public int OfAgents => Volatile.Read(ref _ofAgents);

        public int CommitsWith(string text) => _commits.Count(texts => texts.Any(t => t.Contains(text, StringComparison.Ordinal)));

        public async Task WaitAsync(string text, int count)
        {
            while (Count() < count) Assert.True(await _news.WaitAsync(Patience), $"{Count()} of {count}");

            int Count() => _commits.Sum(texts => texts.Count(t => t.Contains(text, StringComparison.Ordinal)));
        }
    }
}
