using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Muster.Integrations.Connections;

namespace Muster.Integrations.Nats;

/// <summary>One connection to one server, from the greeting until it is lost. It does not come back; <see cref="NatsClient"/> makes the next one.</summary>
internal sealed class NatsConnection : IAsyncDisposable
{
    /// <summary>Bytes that may wait to be written; beyond it, what is to be sent is refused.</summary>
    private const int Pending = 8 * 1024 * 1024;

    // A server that answers nothing for this long is gone, whatever TCP says. Short, so that another one is found within 10 s.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1.5);

    private readonly SendBuffer _send = new(Pending);
    private readonly Queue<TaskCompletionSource<bool>> _pongs = new();
    private readonly NatsParser _parser = new();
    private readonly Stream _stream;
    private readonly PipeReader _reader;
    private readonly TimeProvider _time;
    private long _heard;
    private bool _lost;

    private NatsConnection(ServerAddress server, NatsServerInfo info, Stream stream, TimeProvider time)
    {
        (Server, Info, _stream, _time) = (server, info, stream, time);
        _reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 32 * 1024));
        _heard = time.GetTimestamp();
    }

    public ServerAddress Server { get; }

    public NatsServerInfo Info { get; private set; }

    /// <summary>Connects, secures and signs in: all of it within the dialer's time.</summary>
    public static async Task<NatsConnection> OpenAsync(ServerAddress server, string name, TimeProvider time, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Dialer.Timeout);
        var socket = await Dialer.ConnectAsync(server, limit.Token);
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            var info = NatsServerInfo.Parse(await GreetingAsync(stream, limit.Token));
            if (server.Tls && !info.TlsRequired && !info.TlsAvailable) throw new ProtocolException("The server has no TLS, which the address asks for.") { IsRefusal = true };
            var secure = server.Tls || info.TlsRequired;
            if (secure) stream = await Dialer.SecureAsync(stream, server, limit.Token);
            var connection = new NatsConnection(server, info, stream, time);
            await connection.SignInAsync(name, secure, limit.Token);
            return connection;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>Reads and writes until the connection is lost, and throws why.</summary>
    public async Task RunAsync(Action<NatsMessage> receive, Action<string> complain, CancellationToken ct)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Task[] loops = [ReadAsync(receive, complain, ending.Token), _send.PumpAsync(_stream, ending.Token), WatchAsync(ending.Token)];
        var first = await Task.WhenAny(loops);
        await ending.CancelAsync();
        // A write that the other side does not take cannot be cancelled on every transport; closing ends it.
        await _stream.DisposeAsync();
        await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    public bool TrySubscribe(string subject, long sid) => _send.TryAdd(Encoding.UTF8.GetBytes($"SUB {subject} {sid}\r\n"));

    public bool TryUnsubscribe(long sid) => _send.TryAdd(Encoding.UTF8.GetBytes($"UNSUB {sid}\r\n"));

    /// <summary>False when it is larger than the server takes, or too much waits already.</summary>
    public bool TryPublish(string subject, string? replyTo, byte[] headers, ReadOnlyMemory<byte> payload)
    {
        if (headers.Length + payload.Length > Info.MaxPayload) return false;
        if (!Info.Headers) headers = [];
        var to = replyTo is null ? "" : replyTo + " ";
        var line = headers.Length > 0 ? $"HPUB {subject} {to}{headers.Length} {headers.Length + payload.Length}\r\n" : $"PUB {subject} {to}{payload.Length}\r\n";
        return _send.TryAdd((line, headers, payload), static (parts, buffer) =>
        {
            Encoding.UTF8.GetBytes(parts.line, buffer);
            buffer.Write(parts.headers);
            buffer.Write(parts.payload.Span);
            buffer.Write("\r\n"u8);
        }, line.Length * 2 + headers.Length + payload.Length + 2);
    }

    /// <summary>True when the server has taken in everything that was sent before; false when the connection was lost.</summary>
    public Task<bool> PingAsync()
    {
        var pong = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_pongs)
        {
            if (_lost || !_send.TryAdd("PING\r\n"u8)) return Task.FromResult(false);
            _pongs.Enqueue(pong);
        }

        return pong.Task;
    }

    /// <summary>Ends it from outside; <see cref="RunAsync"/> then finds it lost.</summary>
    public void Abort() => _stream.Dispose();

    public async ValueTask DisposeAsync()
    {
        _send.Close();
        lock (_pongs)
        {
            _lost = true;
            while (_pongs.TryDequeue(out var pong)) pong.TrySetResult(false);
        }

        await _reader.CompleteAsync();
        await _stream.DisposeAsync();
    }

    /// <summary>Byte by byte up to the line's end: what follows may be the beginning of TLS and is not ours to take.</summary>
    private static async Task<string> GreetingAsync(Stream stream, CancellationToken ct)
    {
        var line = new ArrayBufferWriter<byte>(1024);
        var one = new byte[1];
        while (await stream.ReadAsync(one, ct) == 1)
        {
            if (one[0] == '\n')
            {
                var text = Encoding.UTF8.GetString(line.WrittenSpan).TrimEnd('\r');
                return text.StartsWith("INFO ", StringComparison.OrdinalIgnoreCase) ? text[5..] : throw new ProtocolException("The server says what is no NATS; is this the right port?");
            }

            if (line.WrittenCount >= NatsParser.MaxLine) throw new ProtocolException("The server's greeting has no end; is this the right port?");
            line.Write(one);
        }

        throw new IOException("the connection was closed before the greeting.");
    }

    private async Task SignInAsync(string name, bool secure, CancellationToken ct)
    {
        var connect = new NatsConnect
        {
            Name = name,
            TlsRequired = secure,
            User = Server.Password is null ? null : Server.User,
            Password = Server.Password,
            Token = Server.Password is null ? Server.User : null,
        };
        await _stream.WriteAsync(Encoding.UTF8.GetBytes($"CONNECT {JsonSerializer.Serialize(connect)}\r\nPING\r\n"), ct);
        while (true)
        {
            switch (await NextAsync(ct))
            {
                case { Verb: NatsVerb.Pong }:
                    return;
                case { Verb: NatsVerb.Error, Text: var text }:
                    throw new ProtocolException($"refused: {text}. Mend user, password or token.") { IsRefusal = true };
                case { Verb: NatsVerb.Info, Text: var text }:
                    Info = NatsServerInfo.Parse(text!);
                    break;
            }
        }
    }

    private async Task<NatsOperation> NextAsync(CancellationToken ct)
    {
        while (true)
        {
            var result = await _reader.ReadAsync(ct);
            var buffer = result.Buffer;
            if (_parser.TryRead(ref buffer, out var operation))
            {
                _reader.AdvanceTo(buffer.Start);
                return operation;
            }

            _reader.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted) throw new IOException("the connection was closed.");
        }
    }

    private async Task ReadAsync(Action<NatsMessage> receive, Action<string> complain, CancellationToken ct)
    {
        while (true)
        {
            var result = await _reader.ReadAsync(ct);
            Volatile.Write(ref _heard, _time.GetTimestamp());
            var buffer = result.Buffer;
            while (_parser.TryRead(ref buffer, out var operation)) Take(operation, receive, complain);
            _reader.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted) throw new IOException("the connection was closed.");
        }
    }

    private void Take(NatsOperation operation, Action<NatsMessage> receive, Action<string> complain)
    {
        switch (operation.Verb)
        {
            case NatsVerb.Message:
                receive(operation.Message!);
                break;
            case NatsVerb.Ping:
                if (!_send.TryAdd("PONG\r\n"u8)) throw new IOException("too much waits to be sent.");
                break;
            case NatsVerb.Pong:
                lock (_pongs)
                    if (_pongs.TryDequeue(out var pong)) pong.TrySetResult(true);
                break;
            case NatsVerb.Info:
                Info = NatsServerInfo.Parse(operation.Text!);
                break;
            case NatsVerb.Error:
                // A subject that this user may not use, or one too many, is no reason to end: with the next connection it would be the same. Every other error is.
                if (!IsRefusal(operation.Text!)) throw new ProtocolException($"the server ended it: {operation.Text}.");
                complain(operation.Text!);
                break;
        }
    }

    /// <summary>Whether the server refuses one thing, and the connection goes on.</summary>
    private static bool IsRefusal(string error) =>
        error.StartsWith("Permissions Violation", StringComparison.OrdinalIgnoreCase) || error.StartsWith("maximum subscriptions exceeded", StringComparison.OrdinalIgnoreCase);

    /// <summary>Asks when it has been silent, and gives up when it stays so.</summary>
    private async Task WatchAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Look, _time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            var silent = _time.GetElapsedTime(Volatile.Read(ref _heard));
            if (silent > Silence) throw new IOException($"the server was silent for {silent.TotalSeconds:0} s.");
            if (silent >= Look) _ = PingAsync();
        }
    }
}
