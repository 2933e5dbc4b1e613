using System.Buffers;
using System.Threading.Channels;

namespace Muster.Integrations.Connections;

/// <summary>
/// What waits to be written to a connection. Whoever adds never waits: it fits, or it is refused. Everything that came
/// together goes out in one write.
/// </summary>
internal sealed class SendBuffer(int limit)
{
    private readonly Lock _gate = new();
    private readonly Channel<bool> _some = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private ArrayBufferWriter<byte> _filling = new(4096);
    private ArrayBufferWriter<byte> _writing = new(4096);
    private bool _closed;

    /// <summary>Adds one whole command. False when there is no room, or the connection is gone.</summary>
    public bool TryAdd<T>(T state, Action<T, IBufferWriter<byte>> write, int size)
    {
        lock (_gate)
        {
            if (_closed || _filling.WrittenCount + size > limit) return false;
            write(state, _filling);
            _some.Writer.TryWrite(true);
            return true;
        }
    }

    public bool TryAdd(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_closed || _filling.WrittenCount + bytes.Length > limit) return false;
            _filling.Write(bytes);
            _some.Writer.TryWrite(true);
            return true;
        }
    }

    public void Close()
    {
        lock (_gate) _closed = true;
    }

    /// <summary>Writes until it is cancelled or the connection breaks.</summary>
    public async Task PumpAsync(Stream stream, CancellationToken ct)
    {
        while (true)
        {
            await _some.Reader.ReadAsync(ct);
            lock (_gate) (_filling, _writing) = (_writing, _filling);
            if (_writing.WrittenCount == 0) continue;
            await stream.WriteAsync(_writing.WrittenMemory, ct);
            // A burst is not paid for in memory for ever.
            if (_writing.Capacity > 1024 * 1024) _writing = new ArrayBufferWriter<byte>(4096);
            else _writing.ResetWrittenCount();
        }
    }
}
