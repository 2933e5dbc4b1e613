using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;

namespace Muster.Client.Events;

/// <summary>One field group of a stream: an event, or an id alone, which only moves the place to resume from.</summary>
internal readonly record struct SseMessage(string? Id, string? Type, string? Data);

/// <summary>
/// Splits a stream of server-sent events (WHATWG HTML, section 9.2) wherever its bytes were cut. Lines are bounded. A message that the
/// stream's end cuts off is dropped, as the specification asks: it comes again on resuming.
/// </summary>
internal static class SseReader
{
    private const int MaxMessageBytes = 4 * 1024 * 1024;

    /// <param name="stream">The body of the answer.</param>
    /// <param name="onBytes">Called whenever bytes arrive, comments included: the connection lives.</param>
    /// <param name="ct">Ends the reading.</param>
    public static async IAsyncEnumerable<SseMessage> ReadAsync(Stream stream, Action onBytes, [EnumeratorCancellation] CancellationToken ct)
    {
        var pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));
        var message = new Builder();
        try
        {
            while (true)
            {
                var result = await pipe.ReadAsync(ct);
                onBytes();
                var rest = result.Buffer;
                while (TakeLine(ref rest, result.IsCompleted) is { } line)
                {
                    if (message.Add(line) is { } whole)
                        yield return whole;
                }
                if (rest.Length > MaxMessageBytes || message.Size > MaxMessageBytes)
                    throw new InvalidDataException($"An event of the stream is larger than {MaxMessageBytes} bytes.");
                pipe.AdvanceTo(rest.Start, rest.End);
                if (result.IsCompleted)
                    yield break;
            }
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }

    /// <summary>Lines end with LF, CR or CR LF; a CR at the end of what has arrived may be half of the last.</summary>
    private static string? TakeLine(ref ReadOnlySequence<byte> buffer, bool last)
    {
        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryReadToAny(out ReadOnlySequence<byte> line, "\r\n"u8, advancePastDelimiter: false))
            return null;
        reader.TryRead(out var end);
        if (end == '\r')
        {
            if (!reader.TryPeek(out var next))
            {
                if (!last)
                    return null;
            }
            else if (next == '\n')
            {
                reader.Advance(1);
            }
        }
        buffer = buffer.Slice(reader.Position);
        return Encoding.UTF8.GetString(line);
    }

    private sealed class Builder
    {
        private readonly StringBuilder _data = new();
        private string? _id;
        private string? _type;
        private bool _hasData;

        public int Size => _data.Length;

        /// <summary>Takes one line; gives the message when the line is the empty one that ends it.</summary>
        public SseMessage? Add(string line)
        {
            if (line.Length == 0)
                return Finish();
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var field = colon < 0 ? line : line[..colon];
            var value = colon < 0 ? "" : line[(colon + 1)..];
            if (value.StartsWith(' '))
                value = value[1..];
            switch (field)
            {
                case "id":
                    _id = value;
                    break;
                case "event":
                    _type = value;
                    break;
                case "data":
                    if (_hasData)
                        _data.Append('\n');
                    _data.Append(value);
                    _hasData = true;
                    break;
                default:
                    // Comments (an empty field name) and fields of later versions.
                    break;
            }
            return null;
        }

        private SseMessage? Finish()
        {
            SseMessage? message = _hasData || _id is not null ? new SseMessage(_id, _type, _hasData ? _data.ToString() : null) : null;
            _data.Clear();
            (_id, _type, _hasData) = (null, null, false);
            return message;
        }
    }
}
