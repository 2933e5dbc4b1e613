using System.Globalization;
using System.Text.Json;
using Muster.ControlPlane.Events;
using Muster.ControlPlane.Events.Bus;
using Muster.ControlPlane.Operations;

namespace Muster.Integrations.Nats;

/// <summary>
/// The event log for programs that speak NATS: each event at <c>muster.events.TYPE</c>. Where there is JetStream it is kept in
/// the stream MUSTER_EVENTS, each event once and in order: every message names the place that it must get, so that neither a
/// repeat nor a second plane can put one in between. Without JetStream it is said to whoever listens, and kept nowhere.
/// </summary>
public sealed class NatsEventCopy(NatsClient client) : IEventCopy, IDisposable
{
    internal const string IdHeader = "Nats-Msg-Id";
    internal const string SeqHeader = "Muster-Seq";
    private const string PlaceHeader = "Nats-Expected-Last-Sequence";

    private readonly JetStreamApi _api = new(client);
    private long? _place;

    /// <summary>On which it was found out that there is no JetStream; the next may lead to a server that has it.</summary>
    private NatsConnection? _asked;
    private string? _fault;

    public PartHealth Health => (client.Health, Volatile.Read(ref _fault)) switch
    {
        ({ IsHealthy: false }, _) => PartHealth.Degraded("NATS cannot be reached."),
        (_, { } fault) => PartHealth.Degraded(fault),
        _ => PartHealth.Healthy(_place is null ? "said at muster.events.>, kept nowhere (no JetStream)" : $"kept in JetStream's stream {JetStreamApi.Events}"),
    };

    public async Task<long?> OpenAsync(Func<long, string, Task<bool>> isOurs, CancellationToken ct)
    {
        await client.ConnectedAsync(ct);
        return await TellingAsync<long?>(async () =>
        {
            _asked = client.Connection ?? throw new EventCopyLostException("The connection with NATS was lost.");
            var stream = _asked.Info.JetStream ? await _api.OpenStreamAsync(ct) : null;
            _place = stream?.Last;
            if (stream is null) return null;
            return stream.Messages == 0 ? 0L : await AgreedAsync(stream, isOurs, ct);
        });
    }

    public async Task WriteAsync(IReadOnlyList<EncodedEvent> events, CancellationToken ct)
    {
        if (_place is not { } place)
        {
            if (client.Connection != _asked) throw new EventCopyLostException("The connection with NATS is another.");
            // At most once: who listens now has it.
            foreach (var told in events) client.TryPublish(Subject(told), null, Headers(told, null), told.Json);
            return;
        }

        await TellingAsync<object?>(async () =>
        {
            var receipts = await Task.WhenAll(events.Select((told, i) => _api.KeepAsync(Subject(told), Headers(told, place + i), told.Json, ct)));
            if (receipts.FirstOrDefault(r => r.Error is not null) is { Error: { } error }) throw new EventCopyLostException($"JetStream refused an event: {error.Description}.");
            if (receipts.Any(r => r.Duplicate) || receipts[^1].Place != place + events.Count) throw new EventCopyLostException("Another plane has written meanwhile.");
            _place = place + events.Count;
            return null;
        });
    }

    public void Dispose() => _api.Dispose();

    /// <summary>
    /// The last event of the stream, when it is one of this store. After a restore the stream's end may be of a life that the
    /// store has forgotten: then the last one that both have, found by halving, since up to it they are alike.
    /// </summary>
    private async Task<long> AgreedAsync(JetStreamApi.StreamState stream, Func<long, string, Task<bool>> isOurs, CancellationToken ct)
    {
        var (low, high, agreed) = (stream.First, stream.Last, 0L);
        var at = high;
        while (low <= high)
        {
            // A message that somebody deleted counts as none of ours: it leads further back, to a repeat and never to a gap.
            if (await _api.EventAtAsync(at, ct) is { } there && await isOurs(there.Seq, there.Id)) (agreed, low) = (there.Seq, at + 1);
            else high = at - 1;
            at = low + (high - low) / 2;
        }

        return agreed;
    }

    private async Task<T> TellingAsync<T>(Func<Task<T>> act)
    {
        try
        {
            var result = await act();
            Volatile.Write(ref _fault, null);
            return result;
        }
        catch (Exception error) when (error is EventCopyLostException or JsonException)
        {
            Volatile.Write(ref _fault, error.Message);
            throw error as EventCopyLostException ?? new EventCopyLostException("JetStream's answer cannot be read.");
        }
    }

    private static byte[] Headers(EncodedEvent told, long? place)
    {
        var seq = told.Row.Seq.ToString(CultureInfo.InvariantCulture);
        return place is { } after
            ? NatsHeaders.Write((IdHeader, told.Row.Id), (SeqHeader, seq), (PlaceHeader, after.ToString(CultureInfo.InvariantCulture)))
            : NatsHeaders.Write((IdHeader, told.Row.Id), (SeqHeader, seq));
    }

    // A type of somebody's own may hold what NATS takes for no word.
    private static string Subject(EncodedEvent told) => $"{Subjects.Events}.{string.Join('.', told.Row.Type.Split('.').Select(word => word.Length == 0 ? "_" : word))}";
}
