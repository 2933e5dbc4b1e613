using Muster.ControlPlane.Events.Bus;
using Muster.ControlPlane.Operations;

namespace Muster.Integrations.Nats;

/// <summary>Carries the bus over NATS: other planes and any program that speaks NATS take part.</summary>
public sealed class NatsBusLink(NatsClient client) : IBusLink
{
    private const string From = "Muster-From";
    private const int NoResponders = 503;

    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Listening> _patterns = new(StringComparer.Ordinal);
    private IBusReceiver? _receiver;

    public PartHealth Health => client.Health;

    public void Start(IBusReceiver receiver) => _receiver = receiver;

    public bool TrySend(BusMessage message) =>
        client.TryPublish(message.Subject, message.ReplyTo, message.From is { } from ? NatsHeaders.Write((From, from)) : [], message.Data);

    public async ValueTask ListenAsync(string pattern, CancellationToken ct)
    {
        lock (_gate)
        {
            if (_patterns.TryGetValue(pattern, out var known)) known.Listeners++;
            else _patterns[pattern] = new Listening(client.Subscribe(pattern, message => Receive(message, pattern)));
        }

        try
        {
            // False when there is no connection: then it is listened to from the next one on.
            await client.FlushAsync().WaitAsync(FlushLimit, ct);
        }
        catch (TimeoutException)
        {
            // The server is slow or gone; the connection's own watch finds out which.
        }
    }

    public void Ignore(string pattern)
    {
        lock (_gate)
        {
            if (!_patterns.TryGetValue(pattern, out var known) || --known.Listeners > 0) return;
            _patterns.Remove(pattern);
            client.Unsubscribe(known.Subscription);
        }
    }

    // The client is whoever made it's to end: the copy of the event log uses it as well.
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Receive(NatsMessage message, string pattern)
    {
        if (message is { Status: NoResponders, Payload.Length: 0 }) _receiver?.NobodyAnswers(message.Subject);
        // Programs outside may send more than the bus carries.
        else if (message.Payload.Length <= BusMessage.MaxBytes)
            _receiver?.Receive(new BusMessage(message.Subject, message.Payload) { ReplyTo = message.ReplyTo, From = NatsHeaders.Find(message.Headers, From) }, pattern);
    }

    private sealed class Listening(NatsClient.Subscription subscription)
    {
        public NatsClient.Subscription Subscription { get; } = subscription;
        public int Listeners { get; set; } = 1;
    }
}
