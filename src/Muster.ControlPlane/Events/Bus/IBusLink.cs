using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Events.Bus;

/// <summary>
/// Carries messages between planes, and to and from programs outside. It only carries: who listens to what, requests,
/// limits and slow listeners are <see cref="MessageBus"/>'s, the same for every link. A link never blocks, never buffers
/// without bound, and mends itself: what cannot be carried now is dropped, and said by <see cref="Health"/>.
/// </summary>
public interface IBusLink : IAsyncDisposable
{
    PartHealth Health { get; }

    /// <summary>Called once, before anything else.</summary>
    void Start(IBusReceiver receiver);

    /// <summary>Hands a message over for carrying, never back to this plane. False when it cannot be carried now.</summary>
    bool TrySend(BusMessage message);

    /// <summary>
    /// Wants the messages of a pattern from now on, over every loss of the connection. Done when the other side has heard
    /// it; at once when there is no connection, in which case it will hear it as the first thing.
    /// Comes once for each listener, as <see cref="Ignore"/> does.
    /// </summary>
    ValueTask ListenAsync(string pattern, CancellationToken ct);

    /// <summary>One listener of the pattern less; at the last one its messages are wanted no more.</summary>
    void Ignore(string pattern);
}

/// <summary>What a link tells the bus; called on the link's reading loop, so nothing here waits.</summary>
public interface IBusReceiver
{
    /// <param name="message">What came.</param>
    /// <param name="pattern">The pattern it came for, where the link brings one copy for each; null when it brings one for all.</param>
    void Receive(BusMessage message, string? pattern);

    /// <summary>Nobody beyond the link listens to the request that wants its answer at this inbox.</summary>
    void NobodyAnswers(string inbox);
}

/// <summary>No link: everybody who listens is in this process.</summary>
public sealed class NoLink : IBusLink
{
    public PartHealth Health { get; } = PartHealth.Healthy("in this process");

    public void Start(IBusReceiver receiver)
    {
        // There is nobody to receive from.
    }

    public bool TrySend(BusMessage message) => false;

    public ValueTask ListenAsync(string pattern, CancellationToken ct) => ValueTask.CompletedTask;

    public void Ignore(string pattern)
    {
        // Nothing was listened to.
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
