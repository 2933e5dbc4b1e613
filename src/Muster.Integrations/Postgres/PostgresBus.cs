using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Muster.ControlPlane.Events.Bus;
using Muster.ControlPlane.Operations;
using Npgsql;

namespace Muster.Integrations.Postgres;

/// <summary>
/// Carries the bus over PostgreSQL's NOTIFY: for several planes on one store and no NATS. Every plane gets every message;
/// what waits goes out in one statement, because each commit that notifies takes its turn in the whole database.
/// </summary>
public sealed class PostgresBus : IBusLink
{
    private const string Channel = "muster_bus";
    private const int MostMessages = 4096;
    private const int MostBytes = 8 * 1024 * 1024;
    private const int Batch = 500;

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    private readonly Channel<BusMessage> _waiting = System.Threading.Channels.Channel.CreateBounded<BusMessage>(new BoundedChannelOptions(MostMessages) { SingleReader = true });
    private readonly string _planeId = Guid.NewGuid().ToString("N");
    private readonly CancellationTokenSource _stop = new();
    private readonly PostgresServer _server;
    private readonly ILogger _logger;
    private Task _running = Task.CompletedTask;
    private string? _fault = "not connected yet.";
    private long _bytes;
    private long _sent;

    public PostgresBus(PostgresAddress address, ILogger logger) => (_server, _logger) = (new PostgresServer(address), logger);

    public PartHealth Health => Volatile.Read(ref _fault) is { } fault
        ? PartHealth.Degraded($"{_server.Address} cannot be reached: {fault} It is tried again every second; until then messages reach the agents of this plane only.")
        : PartHealth.Healthy($"{_server.Address}, by NOTIFY");

    public void Start(IBusReceiver receiver) => _running = RunAsync(receiver, _stop.Token);

    public bool TrySend(BusMessage message)
    {
        if (Volatile.Read(ref _fault) is not null) return false;
        if (Interlocked.Add(ref _bytes, message.Data.Length) <= MostBytes && _waiting.Writer.TryWrite(message)) return true;
        Interlocked.Add(ref _bytes, -message.Data.Length);
        return false;
    }

    // Every message comes to every plane: there is nothing to ask for.
    public ValueTask ListenAsync(string pattern, CancellationToken ct) => ValueTask.CompletedTask;

    public void Ignore(string pattern)
    {
        // Nothing was asked for.
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    private async Task RunAsync(IBusReceiver receiver, CancellationToken ct)
    {
        await Task.Yield();
        while (!ct.IsCancellationRequested)
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
            try
            {
                await using var hearing = await _server.OpenAsync("muster bus", ct);
                await using var speaking = await _server.OpenAsync("muster bus", ct);
                var parts = new PostgresParcel.Assembly(_planeId);
                hearing.Notification += (_, note) =>
                {
                    if (parts.Add(note.Payload) is { } message) receiver.Receive(message, null);
                };
                await using (var listen = new NpgsqlCommand($"LISTEN {Channel}", hearing)) await listen.ExecuteNonQueryAsync(ct);
                if (Interlocked.Exchange(ref _fault, null) is not null) _logger.LogInformation("Bus: connected with {Server}", _server.Address);
                Task[] loops = [HearAsync(hearing, ending.Token), SpeakAsync(speaking, ending.Token)];
                var first = await Task.WhenAny(loops);
                await ending.CancelAsync();
                await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await first;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // Also what nobody thought of: it is tried again.
                if (Interlocked.Exchange(ref _fault, error.Message) is null) _logger.LogWarning("Bus: {Server}: {Reason}", _server.Address, error.Message);
                Forget();
                await Task.Delay(Random.Shared.Next(300, 1000), ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static async Task HearAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        while (true)
        {
            // A server that is gone without a word is found by asking it something in the silence.
            if (await connection.WaitAsync(Look, ct)) continue;
            await using var ask = new NpgsqlCommand("SELECT 1", connection) { CommandTimeout = 3 };
            await ask.ExecuteNonQueryAsync(ct);
        }
    }

    private async Task SpeakAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        while (await _waiting.Reader.WaitToReadAsync(ct))
        {
            List<string> payloads = [];
            while (payloads.Count < Batch && _waiting.Reader.TryRead(out var message))
            {
                Interlocked.Add(ref _bytes, -message.Data.Length);
                payloads.AddRange(PostgresParcel.Write(_planeId, ++_sent, message));
            }

            await using var notify = new NpgsqlCommand($"SELECT pg_notify('{Channel}', p) FROM unnest($1) WITH ORDINALITY AS waiting (p, place) ORDER BY place", connection) { CommandTimeout = 5 };
            notify.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. payloads] });
            await notify.ExecuteNonQueryAsync(ct);
        }
    }

    /// <summary>At most once, and not late: what waited when the connection was lost is dropped.</summary>
    private void Forget()
    {
        while (_waiting.Reader.TryRead(out var message)) Interlocked.Add(ref _bytes, -message.Data.Length);
    }
}
