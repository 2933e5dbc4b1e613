using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Client;
using Muster.Conformance.Servers;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Integrations.Postgres;
using Npgsql;

namespace Muster.Conformance.Planes;

/// <summary>Somebody changes the event log below two planes: they say so, and their streams go on.</summary>
[Trait("req", "B11")]
[Trait("req", "C5")]
public sealed class LogFaultTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_hole_in_the_log_is_said_and_the_streams_of_both_planes_go_on(int numbers)
    {
        var database = await SharedPostgres.DatabaseAsync();
        using var folders = new Folders();
        await using var one = await StartAsync(database, folders.One);
        await using var two = await StartAsync(database, folders.Two);
        await SayAsync(one, "before");
        foreach (var plane in new[] { one, two }) Assert.Equal("healthy", (await EventsPartAsync(plane)).Status);
        using var stop = new CancellationTokenSource(Patience);
        var here = HearAsync(one, "after", stop.Token);
        var there = HearAsync(two, "after", stop.Token);
        await BothFollowAsync(one, two);

        await ChangeAsync(database, $"UPDATE event_head SET seq = seq + {numbers}");
        var written = await SayAsync(one, "after");

        Assert.Equal(written, await here);
        Assert.Equal(written, await there);
        foreach (var plane in new[] { one, two })
            await Until.HoldsAsync(async () => await EventsPartAsync(plane) is var (now, detail) && now == "degraded" && detail.Contains("missing from the log", StringComparison.Ordinal) ? (true, "") : (false, $"{now}, {detail}"), Patience);
        // It serves on, and is not taken out of service for it.
        Assert.Equal("degraded", (await two.Client.GetHealthReadyAsync()).Status);
        await SayAsync(two, "later");
    }

    [Fact]
    public async Task A_log_that_was_set_back_is_said_and_followers_are_sent_to_begin_anew()
    {
        var database = await SharedPostgres.DatabaseAsync();
        using var folders = new Folders();
        await using var one = await StartAsync(database, folders.One);
        await using var two = await StartAsync(database, folders.Two);
        foreach (var text in new[] { "a", "b", "c", "d", "e", "f" }) await SayAsync(one, text);
        using var stop = new CancellationTokenSource(Patience);
        var last = await LastAsync(one);
        var cut = Task.Run(async () =>
        {
            await foreach (var _ in two.Client.StreamEventsAsync(last, null, stop.Token))
            {
                // What comes until the stream ends.
            }
        }, stop.Token);
        await Until.HoldsAsync(() => Followers(two) == 1, Patience);

        await ChangeAsync(database, "DELETE FROM events WHERE seq > (SELECT seq - 4 FROM event_head)");
        await ChangeAsync(database, "UPDATE event_head SET seq = seq - 4");

        await cut;
        foreach (var plane in new[] { one, two })
            await Until.HoldsAsync(async () => await EventsPartAsync(plane) is var (now, detail) && now == "degraded" && detail.Contains("was set back", StringComparison.Ordinal) ? (true, "") : (false, $"{now}, {detail}"), Patience);
        var refused = await Assert.ThrowsAsync<MusterException>(async () => await two.Client.StreamEventsAsync(last, null, stop.Token).GetAsyncEnumerator(stop.Token).MoveNextAsync());
        Assert.Equal(ProblemCodes.LogRestarted, refused.Code);
        // Who begins anew hears what is numbered a second time, from either plane.
        var again = HearAsync(two, "again", stop.Token);
        await Until.HoldsAsync(() => Followers(two) == 1, Patience);
        Assert.Equal(await SayAsync(one, "again"), await again);
    }

    private static async Task<TestPlane> StartAsync(string database, string folder)
    {
        var store = await PostgresStore.OpenAsync(PostgresAddress.Parse(database), TimeProvider.System, NullLogger.Instance);
        return await TestPlane.StartAsync(folder, _ => store, _ => { });
    }

    private static async Task ChangeAsync(string database, string sql)
    {
        var at = new Uri(database);
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder { Host = at.Host, Port = at.Port, Username = at.UserInfo, Database = at.AbsolutePath[1..], Pooling = false }.ConnectionString);
        await connection.ExecuteAsync(sql);
    }

    private static async Task<long> SayAsync(TestPlane plane, string text) => (await plane.Client.CreateEventAsync(new CreateEvent { Type = "custom.said", Text = text })).Seq;

    private static Task<long> LastAsync(TestPlane plane) => plane.Services.GetRequiredService<ControlPlane.Events.EventLog>().LastSeqAsync(default);

    private static async Task<long> HearAsync(TestPlane plane, string text, CancellationToken ct)
    {
        await foreach (var told in plane.Client.StreamEventsAsync(ct: ct))
            if (told.Text == text) return told.Seq;
        throw new InvalidOperationException("The stream ended.");
    }

    private static int Followers(TestPlane plane) => plane.Services.GetRequiredService<ControlPlane.Events.EventHub>().Followers;

    private static Task BothFollowAsync(TestPlane one, TestPlane two) => Until.HoldsAsync(() => Followers(one) == 1 && Followers(two) == 1, Patience);

    private static async Task<(string Status, string Detail)> EventsPartAsync(TestPlane plane)
    {
        var part = (await plane.Client.GetHealthReadyAsync()).Parts.Single(p => p.Name == "events");
        return (part.Status, part.Detail ?? "");
    }

    private sealed class Folders : IDisposable
    {
        private readonly ScratchFolder _one = new();
        private readonly ScratchFolder _two = new();

        public string One => _one.Path;
        public string Two => _two.Path;

        public void Dispose()
        {
            _one.Dispose();
            _two.Dispose();
        }
    }
}
