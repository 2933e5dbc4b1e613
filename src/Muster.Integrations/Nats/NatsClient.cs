using Microsoft.Extensions.Logging;
using Muster.ControlPlane.Operations;
using Muster.Integrations.Connections;

namespace Muster.Integrations.Nats;

/// <summary>
/// Keeps a connection to one of the servers, comes back by itself after every loss, and then listens again to all that was
/// listened to. What is published while there is no connection is refused, not kept.
/// </summary>
public sealed class NatsClient : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<long, Subscription> _subscriptions = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly NatsOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Task _running;
    private NatsConnection? _connection;
    private TaskCompletionSource _connected = NewSignal();
    private long _lastSid;
    private string _fault = "not connected yet.";

    public NatsClient(NatsOptions options, ILogger logger, TimeProvider time)
    {
        (_options, _logger, _time) = (options, logger, time);
        _running = RunAsync(_stop.Token);
    }

    internal NatsConnection? Connection => Volatile.Read(ref _connection);

    public PartHealth Health => Connection is { } now
        ? PartHealth.Healthy($"NATS at {now.Server}")
        : PartHealth.Degraded($"NATS cannot be reached: {Volatile.Read(ref _fault)} It is tried again every few seconds; until then messages reach the agents of this plane only.");

    /// <summary>Done when there is a connection.</summary>
    internal Task ConnectedAsync(CancellationToken ct)
    {
        lock (_gate) return (_connection is null ? _connected.Task : Task.CompletedTask).WaitAsync(ct);
    }

    internal Subscription Subscribe(string subject, Action<NatsMessage> receive)
    {
        lock (_gate)
        {
            var subscription = new Subscription(subject, ++_lastSid, receive);
            _subscriptions[subscription.Id] = subscription;
            // No room to say so: the connection is opened anew, which says everything again.
            if (_connection is { } now && !now.TrySubscribe(subject, subscription.Id)) now.Abort();
            return subscription;
        }
    }

    internal void Unsubscribe(Subscription subscription)
    {
        lock (_gate)
        {
            _subscriptions.Remove(subscription.Id);
            // Unsaid, it brings messages that nobody takes; they are dropped.
            _connection?.TryUnsubscribe(subscription.Id);
        }
    }

    internal bool TryPublish(string subject, string? replyTo, byte[] headers, ReadOnlyMemory<byte> payload) =>
        Connection is { } now && now.TryPublish(subject, replyTo, headers, payload);

    /// <summary>True when the server has taken in all that was sent before; false when there is no connection.</summary>
    internal Task<bool> FlushAsync() => Connection is { } now ? now.PingAsync() : Task.FromResult(false);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken ct)
    {
        await Task.Yield();
        var failures = 0;
        var told = false;
        while (!ct.IsCancellationRequested)
        {
            foreach (var server in Shuffled())
            {
                if (ct.IsCancellationRequested) break;
                long? opened = null;
                try
                {
                    await using var connection = await NatsConnection.OpenAsync(server, _options.Name, _time, ct);
                    opened = _time.GetTimestamp();
                    Enter(connection);
                    await connection.RunAsync(Receive, Complain, ct);
                }
                catch (Exception error)
                {
                    // Also what nobody thought of, as a file of certificates that cannot be read just now: it is tried again.
                    Volatile.Write(ref _fault, Dialer.Explain(error, server));
                }
                finally
                {
                    Leave();
                }

                if (Backoff.IsSteady(opened, _time)) (failures, told) = (0, false);
                if (!told && !ct.IsCancellationRequested) _logger.LogWarning("NATS: {Fault}", _fault);
                told = true;
            }

            if (!ct.IsCancellationRequested) await Task.Delay(Backoff.Pause(failures++), _time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private ServerAddress[] Shuffled()
    {
        ServerAddress[] servers = [.. _options.Servers];
        Random.Shared.Shuffle(servers);
        return servers;
    }

    private void Enter(NatsConnection connection)
    {
        lock (_gate)
        {
            foreach (var subscription in _subscriptions.Values)
                if (!connection.TrySubscribe(subscription.Subject, subscription.Id)) throw new IOException("there are more subjects than fit into the buffer.");
            _connection = connection;
            _connected.TrySetResult();
        }

        _logger.LogInformation("NATS: connected with {Server} ({Version})", connection.Server, connection.Info.Version);
    }

    private void Leave()
    {
        lock (_gate)
        {
            if (_connection is null) return;
            _connection = null;
            _connected = NewSignal();
        }
    }

    private void Receive(NatsMessage message)
    {
        Subscription? subscription;
        lock (_gate) subscription = _subscriptions.GetValueOrDefault(message.Subscription);
        subscription?.Receive(message);
    }

    private void Complain(string text) => _logger.LogWarning("NATS: {Text}", text);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal sealed record Subscription(string Subject, long Id, Action<NatsMessage> Receive);
}
