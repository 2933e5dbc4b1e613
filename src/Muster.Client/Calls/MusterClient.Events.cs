using Muster.Client.Events;
using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Events;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>
    /// Events after the sequence number <paramref name="after"/>, oldest first, a page at a time. Takes several types; one that ends with
    /// <c>.*</c> takes its whole group.
    /// </summary>
    public Task<Page<EventInfo>> ListEventsAsync(
        long? after = null,
        EventFilter? filter = null,
        string? cursor = null,
        int? limit = null,
        CancellationToken ct = default) =>
        GetAsync<Page<EventInfo>>(EventFilter.AddTo(new Query(Routes.Events), after, filter).Page(cursor, limit), ct);

    /// <summary>Events back from the newest, a page at a time. A page may be short, or empty, and yet not the last.</summary>
    public Task<Page<EventInfo>> ListNewestEventsAsync(EventFilter? filter = null, string? cursor = null, int? limit = null, CancellationToken ct = default) =>
        GetAsync<Page<EventInfo>>(EventFilter.AddTo(new Query(Routes.Events), null, filter).Add("newest", true).Page(cursor, limit), ct);

    /// <summary>One event by id.</summary>
    public Task<EventInfo> GetEventAsync(string id, CancellationToken ct = default) =>
        GetAsync<EventInfo>(Query.At(Routes.Event, id), ct);

    /// <summary>Adds an event of your own; its type starts with <c>custom.</c></summary>
    public Task<EventInfo> CreateEventAsync(CreateEvent body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<EventInfo>(Routes.Events, body, call, ct);

    /// <summary>
    /// One connection to the event stream: what happened after <paramref name="after"/> (from now on when null), then what happens,
    /// until the connection ends. <see cref="FollowEventsAsync"/> goes on over cuts.
    /// </summary>
    public IAsyncEnumerable<EventInfo> StreamEventsAsync(long? after = null, EventFilter? filter = null, CancellationToken ct = default) =>
        new EventConnection(_sender, Options).ReadAsync(after, filter, static _ => { }, ct);

    /// <summary>
    /// Follows events for ever: opens the stream anew after a cut or a silence, and goes on behind the last event seen, so that none is
    /// lost or told twice. Ends by <paramref name="ct"/>; throws when the plane refuses, for a wrong token for example.
    /// </summary>
    public IAsyncEnumerable<EventInfo> FollowEventsAsync(long? after = null, EventFilter? filter = null, CancellationToken ct = default) =>
        new EventFollower(new EventConnection(_sender, Options), Options).FollowAsync(after, filter, ct);
}
