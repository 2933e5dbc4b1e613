using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Events;

/// <summary>
/// Passes each committed event on to whoever follows the log. Serialised once for all. A follower that cannot keep up is
/// cut off and comes back from the store: nothing is buffered without bound, nothing is lost.
/// </summary>
public sealed class EventHub
{
    private const int Buffer = 1024;

    private readonly Lock _gate = new();
    private readonly List<Subscription> _subscriptions = [];

    public EventHub(Store store) => store.Listen(Publish);

    public int Followers
    {
        get { lock (_gate) return _subscriptions.Count; }
    }

    public Subscription Subscribe(EventFilter filter)
    {
        var subscription = new Subscription(this, filter, Channel.CreateBounded<EncodedEvent>(new BoundedChannelOptions(Buffer) { SingleReader = true, SingleWriter = true }));
        lock (_gate) _subscriptions.Add(subscription);
        return subscription;
    }

    private void Publish(Committed committed)
    {
        if (committed.Signals.Count > 0 && committed.Signals.OfType<LogSetBack>().Any()) CutOff();
        if (committed.Events.Count == 0) return;
        lock (_gate)
        {
            if (_subscriptions.Count == 0) return;
            foreach (var row in committed.Events)
            {
                var encoded = new EncodedEvent(row);
                for (var i = _subscriptions.Count - 1; i >= 0; i--)
                {
                    var subscription = _subscriptions[i];
                    if (!subscription.Filter.Admits(row) || subscription.Channel.Writer.TryWrite(encoded)) continue;
                    subscription.Channel.Writer.TryComplete();
                    _subscriptions.RemoveAt(i);
                }
            }
        }
    }

    private void CutOff()
    {
        lock (_gate)
        {
            foreach (var subscription in _subscriptions) subscription.Channel.Writer.TryComplete();
            _subscriptions.Clear();
        }
    }

    public sealed class Subscription(EventHub hub, EventFilter filter, Channel<EncodedEvent> channel) : IDisposable
    {
        internal EventFilter Filter { get; } = filter;
        internal Channel<EncodedEvent> Channel { get; } = channel;

        /// <summary>Ends when the follower was too slow.</summary>
        public ChannelReader<EncodedEvent> Reader => Channel.Reader;

        public void Dispose()
        {
            lock (hub._gate) hub._subscriptions.Remove(this);
        }
    }
}

/// <summary>An event and its bytes on the wire, made when first needed and shared by all followers.</summary>
public sealed class EncodedEvent(EventRow row)
{
    private byte[]? _json;
    private byte[]? _sse;

    public EventRow Row { get; } = row;

    public byte[] Json => _json ??= JsonSerializer.SerializeToUtf8Bytes(ToInfo(Row), Wire.Json);

    /// <summary>As one server-sent event.</summary>
    public byte[] Sse => _sse ??= [.. Encoding.UTF8.GetBytes($"id: {Row.Seq}\nevent: {Row.Type}\ndata: "), .. Json, .. "\n\n"u8];

    public static EventInfo ToInfo(EventRow row) => new()
    {
        Seq = row.Seq,
        Id = row.Id,
        Type = row.Type,
        ProjectId = row.ProjectId,
        TaskId = row.TaskId,
        AgentId = row.AgentId,
        Text = row.Text,
        Data = row.Data is null ? null : JsonSerializer.Deserialize<JsonElement>(row.Data),
        At = Times.At(row.At),
    };
}

/// <summary>Which events a follower wants; null wants all. A type ending in <c>*</c> is a prefix.</summary>
public sealed record EventFilter(IReadOnlyList<string>? Types, string? ProjectId, string? TaskId)
{
    public bool Admits(EventRow row) =>
        (ProjectId is null || row.ProjectId == ProjectId) && (TaskId is null || row.TaskId == TaskId) && (Types is null || Types.Any(t => Matches(t, row.Type)));

    private static bool Matches(string wanted, string type) =>
        wanted.EndsWith('*') ? type.StartsWith(wanted[..^1], StringComparison.Ordinal) : string.Equals(wanted, type, StringComparison.Ordinal);
}
