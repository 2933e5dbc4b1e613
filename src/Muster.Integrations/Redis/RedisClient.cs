using Microsoft.Extensions.Logging;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Operations.State;
using Muster.Integrations.Connections;

namespace Muster.Integrations.Redis;

/// <summary>Keeps a connection and comes back by itself after every loss. While there is none, every command is refused at once.</summary>
public sealed class RedisClient : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly RedisOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Task _running;
    private RedisConnection? _connection;
    private string _fault = "not connected yet.";
    private string? _complaint;

    public RedisClient(RedisOptions options, ILogger logger, TimeProvider time)
    {
        (_options, _logger, _time) = (options, logger, time);
        _running = RunAsync(_stop.Token);
    }

    public PartHealth Health => (Volatile.Read(ref _connection), Volatile.Read(ref _complaint)) switch
    {
        (null, _) => PartHealth.Degraded($"Redis cannot be reached: {Volatile.Read(ref _fault)} It is tried again every few seconds; until then each plane counts for itself, and locks for safety are not given."),
        (_, { } complaint) => PartHealth.Degraded($"Redis at {_options.Server} refuses commands: {complaint}"),
        _ => PartHealth.Healthy($"Redis at {_options.Server}"),
    };

    /// <summary>The answer to one command; errors of the server are exceptions.</summary>
    /// <exception cref="StateUnavailableException">There is no answer, or it is a refusal.</exception>
    internal async Task<RespValue> ExecuteAsync(byte[] command, CancellationToken ct)
    {
        var answer = await AskAsync(command, ct);
        return answer.Kind == RespKind.Error ? throw Refused(answer.Text) : Accepted(answer);
    }

    /// <summary>Runs a script by its hash, and sends it whole to a server that has forgotten it.</summary>
    internal async Task<RespValue> RunAsync(RedisScript script, string key, object[] arguments, CancellationToken ct)
    {
        var answer = await AskAsync(RespWriter.Write(["EVALSHA", script.Hash, 1, key, .. arguments]), ct);
        if (answer is { Kind: RespKind.Error } && answer.Text.StartsWith("NOSCRIPT", StringComparison.Ordinal))
            answer = await AskAsync(RespWriter.Write(["EVAL", script.Text, 1, key, .. arguments]), ct);
        return answer.Kind == RespKind.Error ? throw Refused(answer.Text) : Accepted(answer);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private Task<RespValue> AskAsync(byte[] command, CancellationToken ct) =>
        Volatile.Read(ref _connection) is { } now ? now.ExecuteAsync(command).WaitAsync(ct) : throw new StateUnavailableException($"Redis cannot be reached: {Volatile.Read(ref _fault)}");

    private RespValue Accepted(RespValue answer)
    {
        Volatile.Write(ref _complaint, null);
        return answer;
    }

    private StateUnavailableException Refused(string text)
    {
        if (Interlocked.Exchange(ref _complaint, text) is null) _logger.LogWarning("Redis at {Server} refused a command: {Text}", _options.Server, text);
        return new StateUnavailableException($"Redis at {_options.Server} refused: {text}");
    }

    private async Task RunAsync(CancellationToken ct)
    {
        await Task.Yield();
        var failures = 0;
        var told = false;
        while (!ct.IsCancellationRequested)
        {
            long? opened = null;
            try
            {
                await using var connection = await RedisConnection.OpenAsync(_options, _time, ct);
                opened = _time.GetTimestamp();
                Volatile.Write(ref _complaint, null);
                Volatile.Write(ref _connection, connection);
                _logger.LogInformation("Redis: connected with {Server}", _options.Server);
                await connection.RunAsync(ct);
            }
            catch (Exception error)
            {
                // Also what nobody thought of, as a file of certificates that cannot be read just now: it is tried again.
                Volatile.Write(ref _fault, Dialer.Explain(error, _options.Server));
            }
            finally
            {
                Volatile.Write(ref _connection, null);
            }

            if (ct.IsCancellationRequested) break;
            if (Backoff.IsSteady(opened, _time)) (failures, told) = (0, false);
            if (!told) _logger.LogWarning("Redis: {Fault}", _fault);
            told = true;
            await Task.Delay(Backoff.Pause(failures++), _time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
