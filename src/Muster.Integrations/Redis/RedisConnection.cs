using System.IO.Pipelines;
using System.Net.Sockets;
using Muster.ControlPlane.Operations.State;
using Muster.Integrations.Connections;

namespace Muster.Integrations.Redis;

/// <summary>One connection, from sign-in until it is lost. Commands go out together and are answered in their order.</summary>
internal sealed class RedisConnection : IAsyncDisposable
{
    private const int PendingBytes = 8 * 1024 * 1024;
    private const int PendingAnswers = 20_000;

    // Every answer is awaited by somebody who would rather know that it does not come.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly byte[] Ping = RespWriter.Write("PING");

    private readonly Queue<Pending> _pending = new();
    private readonly SendBuffer _send = new(PendingBytes);
    private readonly Stream _stream;
    private readonly PipeReader _reader;
    private readonly ServerAddress _server;
    private readonly TimeProvider _time;
    private bool _lost;

    private RedisConnection(ServerAddress server, Stream stream, TimeProvider time)
    {
        (_server, _stream, _time) = (server, stream, time);
        _reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 * 1024));
    }

    /// <summary>Connects, secures and signs in: all of it within the dialer's time.</summary>
    public static async Task<RedisConnection> OpenAsync(RedisOptions options, TimeProvider time, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Dialer.Timeout);
        var socket = await Dialer.ConnectAsync(options.Server, limit.Token);
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            if (options.Server.Tls) stream = await Dialer.SecureAsync(stream, options.Server, limit.Token);
            var connection = new RedisConnection(options.Server, stream, time);
            await connection.SignInAsync(options, limit.Token);
            return connection;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends a command and awaits its answer; throws when it cannot be sent, or the connection is lost before the answer.</summary>
    public Task<RespValue> ExecuteAsync(byte[] command)
    {
        var pending = new Pending(_time.GetTimestamp());
        lock (_pending)
        {
            // In one step: the order of answers is the order of commands.
            if (_lost) throw new StateUnavailableException($"Redis at {_server}: the connection was lost.");
            if (_pending.Count >= PendingAnswers || !_send.TryAdd(command)) throw new StateUnavailableException($"Redis at {_server}: too much waits to be sent.");
            _pending.Enqueue(pending);
        }

        return pending.Answer.Task;
    }

    /// <summary>Reads and writes until the connection is lost, and throws why.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Task[] loops = [ReadAsync(ending.Token), _send.PumpAsync(_stream, ending.Token), WatchAsync(ending.Token)];
        var first = await Task.WhenAny(loops);
        await ending.CancelAsync();
        await _stream.DisposeAsync();
        await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    public async ValueTask DisposeAsync()
    {
        _send.Close();
        lock (_pending)
        {
            _lost = true;
            while (_pending.TryDequeue(out var pending))
                pending.Answer.TrySetException(new StateUnavailableException($"Redis at {_server}: the connection was lost before the answer; whether the command was carried out is not known."));
        }

        await _reader.CompleteAsync();
        await _stream.DisposeAsync();
    }

    private async Task SignInAsync(RedisOptions options, CancellationToken ct)
    {
        List<byte[]> words = [];
        if (options.Server.Password is { } password) words.Add(options.Server.User is { } user ? RespWriter.Write("AUTH", user, password) : RespWriter.Write("AUTH", password));
        if (options.Database != 0) words.Add(RespWriter.Write("SELECT", options.Database));
        words.Add(Ping);
        await _stream.WriteAsync(words.SelectMany(w => w).ToArray(), ct);
        foreach (var _ in words)
            if (await NextAsync(ct) is { Kind: RespKind.Error, Text: var text }) throw new ProtocolException($"refused: {text}") { IsRefusal = true };
    }

    private async Task<RespValue> NextAsync(CancellationToken ct)
    {
        while (true)
        {
            var result = await _reader.ReadAsync(ct);
            var buffer = result.Buffer;
            var whole = RespParser.TryRead(ref buffer, out var value);
            _reader.AdvanceTo(buffer.Start, whole ? buffer.Start : buffer.End);
            if (whole) return value;
            if (result.IsCompleted) throw new IOException("the connection was closed.");
        }
    }

    private async Task ReadAsync(CancellationToken ct)
    {
        while (true)
        {
            var result = await _reader.ReadAsync(ct);
            var buffer = result.Buffer;
            while (RespParser.TryRead(ref buffer, out var value)) Answer(value);
            _reader.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted) throw new IOException("the connection was closed.");
        }
    }

    private void Answer(RespValue value)
    {
        Pending? pending;
        lock (_pending)
            if (!_pending.TryDequeue(out pending)) throw new ProtocolException("The server answered what nobody asked.");
        pending.Answer.TrySetResult(value);
        // A server that was demoted, or is still loading, is of no use: connecting anew finds the one that took over.
        if (value is { Kind: RespKind.Error } && (value.Text.StartsWith("READONLY", StringComparison.Ordinal) || value.Text.StartsWith("LOADING", StringComparison.Ordinal)))
            throw new ProtocolException($"the server cannot be written to: {value.Text}");
    }

    /// <summary>Sees to it that there is always a question under way, and gives up when the oldest stays unanswered.</summary>
    private async Task WatchAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Look, _time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            long? oldest;
            lock (_pending) oldest = _pending.TryPeek(out var first) ? first.Asked : null;
            if (oldest is null) _ = PingAsync();
            else if (_time.GetElapsedTime(oldest.Value) > Silence) throw new IOException($"the server did not answer for {Silence.TotalSeconds:0} s.");
        }
    }

    private async Task PingAsync()
    {
        try
        {
            await ExecuteAsync(Ping);
        }
        catch (StateUnavailableException)
        {
            // Lost meanwhile, which whoever runs this connection finds as well.
        }
    }

    private sealed record Pending(long Asked)
    {
        public TaskCompletionSource<RespValue> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
