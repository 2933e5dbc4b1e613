using System.Text;
using Muster.ControlPlane.Events.Bus;

namespace Muster.Conformance.Bus;

/// <summary>Keeps what a subscription brings.</summary>
public sealed class Listener : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly BusSubscription _subscription;
    private readonly List<BusMessage> _heard = [];
    private readonly Task _reading;

    private Listener(BusSubscription subscription)
    {
        _subscription = subscription;
        _reading = ReadAsync();
    }

    public static async Task<Listener> AtAsync(MessageBus bus, string pattern) => new(await bus.SubscribeAsync(pattern, default));

    public IReadOnlyList<BusMessage> Heard
    {
        get { lock (_heard) return [.. _heard]; }
    }

    public int Count
    {
        get { lock (_heard) return _heard.Count; }
    }

    /// <summary>Whether it came; what came last is looked at first, so that asking often costs nothing while much else comes.</summary>
    public bool Has(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        lock (_heard) return _heard.FindLastIndex(m => m.Data.Span.SequenceEqual(bytes)) >= 0;
    }

    public IReadOnlyList<string> Texts => [.. Heard.Select(m => Encoding.UTF8.GetString(m.Data.Span))];

    public Task<TimeSpan> HeardAsync(int count) => Servers.Until.HoldsAsync(() => Count >= count, TimeSpan.FromSeconds(10), () => $"{Count} of {count} messages came");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _subscription.Dispose();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task ReadAsync()
    {
        await foreach (var message in _subscription.ReadAsync(_stop.Token))
            lock (_heard) _heard.Add(message);
    }
}

public static class Say
{
    public static BusMessage Text(string subject, string text) => new(subject, Encoding.UTF8.GetBytes(text)) { From = "tester" };

    public static string Words(this BusMessage message) => Encoding.UTF8.GetString(message.Data.Span);
}
