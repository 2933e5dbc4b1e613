using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Conformance.Servers;
using Muster.ControlPlane.Events;
using Muster.ControlPlane.Events.Bus;
using Muster.ControlPlane.Operations.State;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Nats;
using Muster.Integrations.Sqlite;

namespace Muster.Conformance.Bus;

/// <summary>JetStream as a second reader of the event log: every event once and in order, whatever is killed.</summary>
[Trait("req", "B3")]
public sealed class EventCopyTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ScratchFolder _folder = new();

    [Fact]
    public async Task Every_event_is_in_the_stream_once_and_in_order_though_nats_and_planes_are_killed_under_load()
    {
        await using var store = SqliteStore.Open(_folder.Path, TimeProvider.System, NullLogger.Instance);
        await Emit(store, 300);
        await using var server = await NatsServer.StartAsync(jetStream: true);
        using var stop = new CancellationTokenSource();
        var load = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) await Emit(store, 5);
        });
        // Two planes without a common state: both take themselves for the one that copies, and neither may do harm.
        var first = new Copying(store, server.Port);
        await using var second = new Copying(store, server.Port);
        await ReachedAsync(store, server.Port, 300);
        for (var round = 0; round < 2; round++)
        {
            await server.Process.KillAsync();
            await Emit(store, 100);
            await server.RestartAsync();
            await ReachedAsync(store, server.Port, await LastAsync(store));
        }

        await first.DisposeAsync();
        await stop.CancelAsync();
        await load;
        await ReachedAsync(store, server.Port, await LastAsync(store));
        await AssertAlikeAsync(store, server.Port);
    }

    [Fact]
    public async Task A_stream_that_was_lost_is_filled_again_from_the_store()
    {
        await using var store = SqliteStore.Open(_folder.Path, TimeProvider.System, NullLogger.Instance);
        await Emit(store, 50);
        await using var server = await NatsServer.StartAsync(jetStream: true);
        await using var copying = new Copying(store, server.Port);
        await ReachedAsync(store, server.Port, 50);
        await server.Process.KillAsync();
        Directory.Delete(server.JetStreamFolder, recursive: true);
        await server.RestartAsync();
        await Emit(store, 1);
        await ReachedAsync(store, server.Port, 51);
        await AssertAlikeAsync(store, server.Port);
    }

    [Fact]
    public async Task After_a_restore_the_stream_goes_on_from_the_last_event_that_both_have()
    {
        await using var server = await NatsServer.StartAsync(jetStream: true);
        var backup = Directory.CreateDirectory(_folder.File("backup")).FullName;
        var store = SqliteStore.Open(_folder.Path, TimeProvider.System, NullLogger.Instance);
        await Emit(store, 40);
        await store.DisposeAsync();
        foreach (var file in Directory.GetFiles(_folder.Path)) File.Copy(file, Path.Combine(backup, Path.GetFileName(file)));

        // The life that is lost: 30 events that the restored store never had.
        store = SqliteStore.Open(_folder.Path, TimeProvider.System, NullLogger.Instance);
        await Emit(store, 30);
        await using (new Copying(store, server.Port)) await ReachedAsync(store, server.Port, 70);
        await store.DisposeAsync();

        await using var restored = SqliteStore.Open(backup, TimeProvider.System, NullLogger.Instance);
        await Emit(restored, 35);
        await using var copying = new Copying(restored, server.Port);
        await ReachedAsync(restored, server.Port, 75);
        var kept = await KeptAsync(server.Port);
        Assert.Equal(40 + 30 + 35, kept.Count);
        Assert.Equal((await RowsAsync(restored)).Skip(40).Select(r => r.Id), kept.Skip(70).Select(k => k.Id));
    }

    [Fact]
    public async Task Without_JetStream_events_are_said_to_whoever_listens_and_health_says_that_they_are_not_kept()
    {
        await using var store = SqliteStore.Open(_folder.Path, TimeProvider.System, NullLogger.Instance);
        await using var server = await NatsServer.StartAsync();
        await using var copying = new Copying(store, server.Port);
        await using var outside = new NatsClient(NatsOptions.Parse($"nats://127.0.0.1:{server.Port}"), NullLogger.Instance, TimeProvider.System);
        var heard = new List<NatsMessage>();
        await outside.ConnectedAsync(default);
        outside.Subscribe("muster.events.custom.>", message =>
        {
            lock (heard) heard.Add(message);
        });
        await outside.FlushAsync();
        await Until.HoldsAsync(async () =>
        {
            await Emit(store, 1);
            lock (heard) return (heard.Count > 0, copying.Health);
        }, Patience);
        Assert.Contains("kept nowhere", copying.Health, StringComparison.Ordinal);
        Assert.Equal("custom.tick", JsonDocument.Parse(heard[0].Payload).RootElement.GetProperty("type").GetString());
        Assert.Equal(36, NatsHeaders.Find(heard[0].Headers, "Nats-Msg-Id")!.Length);
    }

    /// <summary>One of several servers may have no JetStream: whoever comes back to one that has it goes on where its stream ends.</summary>
    [Fact]
    public async Task What_happened_while_there_was_no_jetstream_is_in_the_stream_once_there_is()
    {
        await using var store = SqliteStore.Open(_folder.Path, TimeProvider.System, NullLogger.Instance);
        await Emit(store, 50);
        await using var without = await NatsServer.StartAsync();
        await using var copying = new Copying(store, without.Port);
        using var patience = new CancellationTokenSource(Patience);
        while (!copying.Health.Contains($"no JetStream), up to event {await LastAsync(store)}", StringComparison.Ordinal)) await Task.Delay(20, patience.Token);
        await without.Process.KillAsync();
        await Emit(store, 50);
        await using var with = without.Successor(jetStream: true);
        await with.RestartAsync();
        await Emit(store, 1);
        await ReachedAsync(store, with.Port, await LastAsync(store));
        await AssertAlikeAsync(store, with.Port);
    }

    /// <summary>A server that takes no further subscription still carries those it has.</summary>
    [Fact]
    public async Task One_subscription_too_many_does_not_cost_the_others()
    {
        await using var server = await NatsServer.StartAsync("max_subscriptions: 4");
        await using var client = new NatsClient(NatsOptions.Parse($"nats://127.0.0.1:{server.Port}"), NullLogger.Instance, TimeProvider.System);
        await client.ConnectedAsync(default);
        var connection = client.Connection;
        var heard = 0;
        client.Subscribe("muster.test.first", _ => Interlocked.Increment(ref heard));
        for (var i = 0; i < 8; i++) client.Subscribe($"muster.test.{i}", _ => { });
        await using var other = new NatsClient(NatsOptions.Parse($"nats://127.0.0.1:{server.Port}"), NullLogger.Instance, TimeProvider.System);
        await other.ConnectedAsync(default);
        // Said by another, since nobody hears himself; and again, until what was asked for is known to the server and the refusals have come back.
        await Until.HoldsAsync(() =>
        {
            Assert.True(other.TryPublish("muster.test.first", null, [], "x"u8.ToArray()));
            return Task.FromResult((Volatile.Read(ref heard) > 4, $"heard {heard}"));
        }, Patience);
        Assert.Same(connection, client.Connection);
    }

    public void Dispose() => _folder.Dispose();

    private static Task Emit(Store store, int count) => store.WriteAsync(tx =>
    {
        for (var i = 0; i < count; i++) tx.Emit("custom.tick", $"event {i}", data: new { i });
    });

    private static Task<long> LastAsync(Store store) => new EventLog(store, new EventHub(store)).LastSeqAsync(default);

    private static async Task<IReadOnlyList<EventRow>> RowsAsync(Store store)
    {
        List<EventRow> all = [];
        var log = new EventLog(store, new EventHub(store));
        for (long? after = 0; after is { } from;)
        {
            (var rows, after) = await log.ReadAsync(from, new EventFilter(null, null, null), 5000, default);
            all.AddRange(rows);
        }

        return all;
    }

    private static Task<TimeSpan> ReachedAsync(Store store, int port, long seq) => Until.HoldsAsync(async () =>
    {
        var kept = await KeptAsync(port);
        return (kept.Count > 0 && kept[^1].Seq >= seq && (await RowsAsync(store)).Any(r => r.Id == kept[^1].Id), $"the stream has {kept.Count} events, the last is {(kept.Count > 0 ? kept[^1] : default)}, wanted {seq}");
    }, Patience);

    private static async Task AssertAlikeAsync(Store store, int port) =>
        Assert.Equal((await RowsAsync(store)).Select(r => (r.Seq, r.Id)), (await KeptAsync(port)).Select(k => (k.Seq, k.Id)));

    /// <summary>What a consumer of its own finds in the stream, from its first place to its last.</summary>
    private static async Task<IReadOnlyList<(long Seq, string Id)>> KeptAsync(int port)
    {
        await using var client = new NatsClient(NatsOptions.Parse($"nats://127.0.0.1:{port}"), NullLogger.Instance, TimeProvider.System);
        await client.ConnectedAsync(default).WaitAsync(Patience);
        using var api = new JetStreamApi(client);
        List<(long, string)> kept = [];
        try
        {
            if (await api.OpenStreamAsync(default) is not { Messages: > 0 } state) return kept;
            for (var place = state.First; place <= state.Last; place += 500)
            {
                var places = Enumerable.Range(0, (int)Math.Min(500, state.Last - place + 1)).Select(i => place + i);
                foreach (var there in await Task.WhenAll(places.Select(p => api.EventAtAsync(p, default)))) kept.Add(there!.Value);
            }
        }
        catch (EventCopyLostException)
        {
            // The server is starting; asked again.
            return [];
        }

        return kept;
    }

    /// <summary>The part of a plane that copies.</summary>
    private sealed class Copying : IAsyncDisposable
    {
        private readonly NatsClient _client;
        private readonly NatsEventCopy _copy;
        private readonly EventCopier _copier;

        public Copying(Store store, int port)
        {
            _client = new NatsClient(NatsOptions.Parse($"nats://127.0.0.1:{port}"), NullLogger.Instance, TimeProvider.System);
            _copy = new NatsEventCopy(_client);
            var locks = new SharedLocks(new LocalState(TimeProvider.System), store, TimeProvider.System);
            _copier = new EventCopier(store, new EventLog(store, new EventHub(store)), [_copy], locks, TimeProvider.System, NullLogger<EventCopier>.Instance);
            _ = _copier.StartAsync(default);
        }

        public string Health => _copier.Health!.Detail;

        public async ValueTask DisposeAsync()
        {
            await _copier.StopAsync(default);
            _copier.Dispose();
            _copy.Dispose();
            await _client.DisposeAsync();
        }
    }
}
