using Muster.Client.Events;
using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Events;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>
    /// Says something to whoever listens now: at most once, kept nowhere, and so not tried again by itself. What must not be lost is an
    /// event.
    /// </summary>
    public Task<PublishedMessage> PublishMessageAsync(PublishMessage body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<PublishedMessage>(Routes.BusPublish, body, (call ?? new CallOptions()) with { MaxRetries = call?.MaxRetries ?? 0 }, ct);

    /// <summary>
    /// Asks whoever listens, and waits for the first answer. Not tried again by itself, because who listens may do a thing twice. Throws
    /// <see cref="MusterException"/> with code <c>no_responder</c> when nobody listens, <c>no_reply</c> when nobody answered in time.
    /// </summary>
    public Task<MessageInfo> RequestMessageAsync(RequestMessage body, CallOptions? call = null, CancellationToken ct = default)
    {
        var once = Waiting(call, (int)Math.Ceiling(body.TimeoutSeconds ?? 5));
        return PostAsync<MessageInfo>(Routes.BusRequest, body, once with { MaxRetries = call?.MaxRetries ?? 0 }, ct);
    }

    /// <summary>
    /// One connection that listens to a subject; <c>*</c> stands for one word, <c>&gt;</c> at the end for all that follow. What is published
    /// after <paramref name="onListening"/> arrives, until the connection ends. Throws <see cref="PlaneUnreachableException"/> when it is cut, <see
    /// cref="MusterException"/> with code <c>too_slow</c> when this side read too slowly and messages were dropped.
    /// </summary>
    public IAsyncEnumerable<MessageInfo> StreamMessagesAsync(
        string subject, Action? onListening = null, CallOptions? call = null, CancellationToken ct = default) =>
        new MessageConnection(_sender, Options).ReadAsync(subject, onListening, call, ct);

    /// <summary>
    /// Listens for ever, again after each cut. What is published while it does not listen is lost: the bus keeps nothing. Ends by
    /// <paramref name="ct"/>; throws when the plane refuses.
    /// </summary>
    public IAsyncEnumerable<MessageInfo> FollowMessagesAsync(
        string subject, Action? onListening = null, CallOptions? call = null, CancellationToken ct = default) =>
        new MessageConnection(_sender, Options).FollowAsync(subject, onListening, call, ct);
}
