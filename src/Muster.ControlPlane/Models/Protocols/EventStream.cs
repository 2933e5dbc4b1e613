using System.Buffers;
using System.Text;

namespace Muster.ControlPlane.Models.Protocols;

/// <summary>One server-sent event.</summary>
/// <param name="Name">From its <c>event:</c> line; null without one.</param>
/// <param name="Data">Its <c>data:</c> lines; empty for a mere comment.</param>
/// <param name="Raw">The bytes it came as, with the empty line that ends it.</param>
public readonly record struct StreamEvent(string? Name, ReadOnlyMemory<byte> Data, ReadOnlyMemory<byte> Raw)
{
    public string Text => Encoding.UTF8.GetString(Data.Span);
}

/// <summary>
/// Cuts bytes into server-sent events, wherever the pieces were cut. Lines end with LF or CR LF, as every provider sends them.
/// An event has a limit: a line without end is refused, not kept.
/// </summary>
public sealed class EventStream(int limit = EventStream.DefaultLimit)
{
    /// <summary>Roomier than any event of a provider; the largest hold an image.</summary>
    public const int DefaultLimit = 8 * 1024 * 1024;

    private readonly ArrayBufferWriter<byte> _pending = new(4096);
    private int _scanned;
    private int _lineStart;

    /// <exception cref="ProtocolException">An event is longer than the limit.</exception>
    public void Feed(ReadOnlySpan<byte> bytes, ICollection<StreamEvent> into)
    {
        _pending.Write(bytes);
        var all = _pending.WrittenSpan;
        var begun = 0;
        while (all[_scanned..].IndexOf((byte)'\n') is >= 0 and var at)
        {
            var line = all[_lineStart..(_scanned + at)];
            _scanned = _lineStart = _scanned + at + 1;
            if (line is not ([] or [(byte)'\r'])) continue;
            into.Add(Parse(all[begun.._scanned]));
            begun = _scanned;
        }

        _scanned = all.Length;
        if (begun > 0) Drop(begun);
        if (_pending.WrittenCount > limit) throw new ProtocolException($"One event of the stream is longer than {limit} bytes.");
    }

    /// <summary>What came after the last empty line, when the stream has ended; null when nothing did.</summary>
    public StreamEvent? Rest() => _pending.WrittenCount > 0 ? Parse(_pending.WrittenSpan) : null;

    private void Drop(int count)
    {
        var rest = _pending.WrittenSpan[count..].ToArray();
        _pending.ResetWrittenCount();
        _pending.Write(rest);
        _scanned -= count;
        _lineStart -= count;
    }

    private static StreamEvent Parse(ReadOnlySpan<byte> raw)
    {
        var kept = raw.ToArray();
        string? name = null;
        ReadOnlyMemory<byte> data = default;
        var several = false;
        for (var start = 0; start < kept.Length;)
        {
            var end = kept.AsSpan(start).IndexOf((byte)'\n');
            end = end < 0 ? kept.Length : start + end;
            var line = kept.AsMemory(start, (end > start && kept[end - 1] == '\r' ? end - 1 : end) - start);
            start = end + 1;
            if (line.Span.StartsWith("event:"u8)) name = Encoding.UTF8.GetString(Value(line, 6).Span);
            if (!line.Span.StartsWith("data:"u8)) continue;
            var value = Value(line, 5);
            data = several ? (byte[])[.. data.Span, (byte)'\n', .. value.Span] : value;
            several = true;
        }

        return new StreamEvent(name, data, kept);
    }

    private static ReadOnlyMemory<byte> Value(ReadOnlyMemory<byte> line, int from) => line.Length > from && line.Span[from] == ' ' ? line[(from + 1)..] : line[from..];
}
