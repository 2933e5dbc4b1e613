using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Events.Bus;

/// <summary>
/// A copy of the event log outside the plane, for consumers of one's own. Written in the order of the log, so that its end
/// says how far it reaches: that is read from the copy itself, and nothing has to be remembered about it elsewhere.
/// </summary>
public interface IEventCopy
{
    PartHealth Health { get; }

    /// <summary>Waits until it can be written to, and answers up to which event it has everything; null when it keeps nothing and is told what happens from now on.</summary>
    /// <param name="isOurs">Whether the store has this event under this number, or had it before it was cleaned up. One that it never had is of a life before a restore.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="EventCopyLostException">It broke off; open it again.</exception>
    Task<long?> OpenAsync(Func<long, string, Task<bool>> isOurs, CancellationToken ct);

    /// <summary>Appends events and returns when they are kept.</summary>
    /// <exception cref="EventCopyLostException">Some may be kept and others not: open it again, which tells.</exception>
    Task WriteAsync(IReadOnlyList<EncodedEvent> events, CancellationToken ct);
}

/// <summary>The copy cannot go on from where it was. The message may be shown.</summary>
public sealed class EventCopyLostException(string message) : Exception(message);
