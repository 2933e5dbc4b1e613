using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Muster.ControlPlane.Events.Bus;

/// <summary>
/// Messages of a pattern from the moment it was made. Holds a bounded number of messages and bytes; a listener that falls
/// further behind is cut off and told so, because a gap that nobody mentions is worse than an end.
/// </summary>
public sealed class BusSubscription : IDisposable
{
    public const int MaxMessages = 1024;
    public const int MaxBytes = 4 * 1024 * 1024;

    private readonly Channel<BusMessage> _channel = Channel.CreateBounded<BusMessage>(new BoundedChannelOptions(MaxMessages) { SingleReader = true });
    private readonly Action<BusSubscription> _leave;
    private long _waiting;

    internal BusSubscription(string pattern, Action<BusSubscription> leave) => (Pattern, _leave) = (pattern, leave);

    public string Pattern { get; }

    /// <summary>What comes, until the subscription is disposed.</summary>
    /// <exception cref="SlowListenerException">It was too slow; some messages were dropped.</exception>
    public async IAsyncEnumerable<BusMessage> ReadAsync([EnumeratorCancellation] CancellationToken ct)
    {
        while (await WaitAsync(ct))
            while (TryRead() is { } message)
                yield return message;
    }

    /// <summary>Waits until there is a message; false when the subscription was disposed.</summary>
    /// <exception cref="SlowListenerException">It was too slow, and everything that was held has been read.</exception>
    internal ValueTask<bool> WaitAsync(CancellationToken ct) => _channel.Reader.WaitToReadAsync(ct);

    internal BusMessage? TryRead()
    {
        if (!_channel.Reader.TryRead(out var message)) return null;
        Interlocked.Add(ref _waiting, -message.Size);
        return message;
    }

    public void Dispose()
    {
        _leave(this);
        _channel.Writer.TryComplete();
    }

    /// <summary>False when it cannot take more and was cut off.</summary>
    internal bool Offer(BusMessage message)
    {
        if (Interlocked.Add(ref _waiting, message.Size) <= MaxBytes && _channel.Writer.TryWrite(message)) return true;
        _channel.Writer.TryComplete(new SlowListenerException());
        return false;
    }
}

/// <summary>A listener fell too far behind. The text may be shown.</summary>
public sealed class SlowListenerException()
    : Exception($"The listener fell more than {BusSubscription.MaxMessages} messages or {BusSubscription.MaxBytes / 1024 / 1024} MiB behind and was cut off; messages were dropped. Listen again, and read faster or to less.");

/// <summary>Nobody listens to the subject of a request. The text may be shown.</summary>
public sealed class NoResponderException(string subject) : Exception($"Nobody listens to {subject} now.");

/// <summary>A request was not answered in time. The text may be shown.</summary>
public sealed class NoReplyException(string subject, TimeSpan patience) : Exception($"{subject} was not answered within {patience.TotalSeconds:0.###} s.");
