using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Muster.Integrations.Connections;

namespace Muster.Integrations.Redis;

internal enum RespKind
{
    Text,
    Error,
    Number,
    Bytes,
    Null,
    List,
}

/// <summary>One answer of the server.</summary>
internal sealed record RespValue(RespKind Kind, string Text = "", long Number = 0, byte[]? Bytes = null, IReadOnlyList<RespValue>? Items = null)
{
    public static RespValue Null { get; } = new(RespKind.Null);
}

/// <summary>
/// Reads answers (RESP 2) wherever their bytes were cut: an answer that is not whole yet is read from its beginning when more
/// has come. Bounded in length, number and depth.
/// </summary>
internal static class RespParser
{
    public const int MaxBytes = 1024 * 1024;
    private const int MaxLine = 64 * 1024;
    private const int MaxItems = 100_000;
    private const int MaxDepth = 8;

    /// <summary>Takes one answer off the front of the buffer. False when more must come first.</summary>
    /// <exception cref="ProtocolException">This is no Redis.</exception>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, out RespValue value)
    {
        var reader = new SequenceReader<byte>(buffer);
        if (Read(ref reader, 0) is not { } read)
        {
            value = RespValue.Null;
            return false;
        }

        buffer = buffer.Slice(reader.Position);
        value = read;
        return true;
    }

    private static RespValue? Read(ref SequenceReader<byte> reader, int depth)
    {
        if (!reader.TryReadTo(out ReadOnlySequence<byte> line, "\r\n"u8))
            return reader.Remaining <= MaxLine ? null : throw new ProtocolException("The server sent a line without end; is this the right port?");
        if (line.IsEmpty || line.Length > MaxLine) throw Malformed();
        var kind = line.FirstSpan[0];
        line = line.Slice(1);
        switch (kind)
        {
            case (byte)'+':
                return new RespValue(RespKind.Text, Encoding.UTF8.GetString(line));
            case (byte)'-':
                return new RespValue(RespKind.Error, Encoding.UTF8.GetString(line));
            case (byte)':':
                return new RespValue(RespKind.Number, Number: Number(line));
            case (byte)'$':
                return Bulk(ref reader, Number(line));
            case (byte)'*':
                return List(ref reader, Number(line), depth);
            default:
                throw new ProtocolException("The server says what is no Redis; is this the right port?");
        }
    }

    private static RespValue? Bulk(ref SequenceReader<byte> reader, long length)
    {
        if (length == -1) return RespValue.Null;
        if (length is < 0 or > MaxBytes) throw Malformed();
        if (reader.Remaining < length + 2) return null;
        var bytes = new byte[length];
        reader.TryCopyTo(bytes);
        reader.Advance(length);
        reader.TryRead(out var cr);
        reader.TryRead(out var lf);
        return cr == '\r' && lf == '\n' ? new RespValue(RespKind.Bytes, Bytes: bytes) : throw Malformed();
    }

    private static RespValue? List(ref SequenceReader<byte> reader, long length, int depth)
    {
        if (length == -1) return RespValue.Null;
        if (length is < 0 or > MaxItems || depth >= MaxDepth) throw Malformed();
        var items = new List<RespValue>((int)Math.Min(length, 64));
        for (var i = 0; i < length; i++)
        {
            if (Read(ref reader, depth + 1) is not { } item) return null;
            items.Add(item);
        }

        return new RespValue(RespKind.List, Items: items);
    }

    private static long Number(in ReadOnlySequence<byte> text)
    {
        if (text.Length is 0 or > 20) throw Malformed();
        Span<byte> digits = stackalloc byte[20];
        text.CopyTo(digits);
        digits = digits[..(int)text.Length];
        return Utf8Parser.TryParse(digits, out long value, out var used) && used == digits.Length ? value : throw Malformed();
    }

    private static ProtocolException Malformed() => new("The server sent an answer that cannot be read.");
}
