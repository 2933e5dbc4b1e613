using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;

namespace Muster.Bench.Wire;

/// <summary>
/// One HTTP/1.1 connection by hand: bytes out, status and body in. A whole client library would take as much processor time
/// as the server it measures.
/// </summary>
internal sealed class Connection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    public static async Task<Connection> OpenAsync(Uri address, CancellationToken ct)
    {
        var connection = new Connection();
        await connection._socket.ConnectAsync(IPAddress.Parse(address.Host), address.Port, ct);
        return connection;
    }

    /// <summary>Sends one request and reads its answer; the body is valid until the next call.</summary>
    public async ValueTask<Answer> SendAsync(ReadOnlyMemory<byte> request, CancellationToken ct)
    {
        for (var sent = 0; sent < request.Length;) sent += await _socket.SendAsync(request[sent..], SocketFlags.None, ct);
        (_start, _end) = (0, 0);
        var head = await HeadAsync(ct);
        var body = head.Chunked ? await ChunksAsync(ct) : await ExactlyAsync(head.Length, ct);
        return new Answer(head.Status, body);
    }

    /// <summary>Sends a request whose answer never ends (a stream of events) and reads its head.</summary>
    public async ValueTask<int> BeginAsync(ReadOnlyMemory<byte> request, CancellationToken ct)
    {
        for (var sent = 0; sent < request.Length;) sent += await _socket.SendAsync(request[sent..], SocketFlags.None, ct);
        (_start, _end) = (0, 0);
        return (await HeadAsync(ct)).Status;
    }

    /// <summary>What has arrived of a stream; empty when the server has ended it. Valid until the next call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> MoreAsync(CancellationToken ct)
    {
        if (_start == _end)
        {
            _start = 0;
            _end = await _socket.ReceiveAsync(_buffer, SocketFlags.None, ct);
        }

        var piece = _buffer.AsMemory(_start, _end - _start);
        _start = _end;
        return piece;
    }

    public void Dispose() => _socket.Dispose();

    private async ValueTask<Head> HeadAsync(CancellationToken ct)
    {
        while (true)
        {
            var end = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                var head = Head.Read(_buffer.AsSpan(_start, end + 2));
                _start += end + 4;
                return head;
            }

            await FillAsync(ct);
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> ExactlyAsync(int length, CancellationToken ct)
    {
        while (_end - _start < length) await FillAsync(ct);
        _start += length;
        return _buffer.AsMemory(_start - length, length);
    }

    /// <summary>Takes the chunks' frames out in place, so that the body lies in one piece.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> ChunksAsync(CancellationToken ct)
    {
        int first = _start, written = _start;
        while (true)
        {
            int line;
            while ((line = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8)) < 0) await FillAsync(ct);
            if (!Utf8Parser.TryParse(_buffer.AsSpan(_start, line), out int length, out _, 'x')) throw new InvalidDataException("A chunk without a length.");
            _start += line + 2;
            while (_end - _start < length + 2) await FillAsync(ct);
            if (length == 0) return _buffer.AsMemory(first, written - first);
            _buffer.AsSpan(_start, length).CopyTo(_buffer.AsSpan(written));
            written += length;
            _start += length + 2;
        }
    }

    private async ValueTask FillAsync(CancellationToken ct)
    {
        if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        var read = await _socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, ct);
        if (read == 0) throw new IOException("The server closed the connection in the middle of an answer.");
        _end += read;
    }
}

internal readonly record struct Answer(int Status, ReadOnlyMemory<byte> Body)
{
    /// <summary>A figure is worth nothing when requests were refused, so the first refusal ends the run.</summary>
    public Answer Require(int status) => Status == status
        ? this
        : throw new InvalidDataException($"The server answered {Status} instead of {status}: {System.Text.Encoding.UTF8.GetString(Body.Span)}");
}

internal readonly record struct Head(int Status, int Length, bool Chunked)
{
    public static Head Read(ReadOnlySpan<byte> text)
    {
        var status = 0;
        if (text.Length < 12 || !Utf8Parser.TryParse(text.Slice(9, 3), out status, out _)) throw new InvalidDataException("This is no HTTP answer.");
        int length = 0;
        var chunked = false;
        for (var rest = text[(text.IndexOf((byte)'\n') + 1)..]; rest.Length > 0; rest = rest[(rest.IndexOf((byte)'\n') + 1)..])
        {
            if (Is(rest, "content-length:"u8) && !Utf8Parser.TryParse(rest["content-length:".Length..].TrimStart((byte)' '), out length, out _))
                throw new InvalidDataException("A length that is no number.");
            chunked |= Is(rest, "transfer-encoding:"u8);
        }

        return new Head(status, length, chunked);
    }

    private static bool Is(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name) =>
        line.Length >= name.Length && System.Text.Ascii.EqualsIgnoreCase(line[..name.Length], name);
}
