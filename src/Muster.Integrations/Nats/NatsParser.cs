using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Muster.Integrations.Connections;

namespace Muster.Integrations.Nats;

internal enum NatsVerb
{
    Info,
    Message,
    Ping,
    Pong,
    Ok,
    Error,
}

/// <summary>One thing that the server said.</summary>
/// <param name="Verb">What it is.</param>
/// <param name="Text">The JSON of INFO, the words of an error.</param>
/// <param name="Message">The message, when it is one.</param>
internal readonly record struct NatsOperation(NatsVerb Verb, string? Text = null, NatsMessage? Message = null);

internal sealed record NatsMessage(string Subject, long Subscription, string? ReplyTo, byte[] Headers, byte[] Payload)
{
    /// <summary>The server's own answer in the place of a message, such as 503: nobody listens. 0 for a message of somebody's.</summary>
    public int Status => NatsHeaders.Status(Headers);
}

/// <summary>
/// Splits what the server sends, wherever its bytes were cut. Bounded: a line, and a message, have a largest size; a message
/// beyond it is passed over without being held.
/// </summary>
internal sealed class NatsParser
{
    public const int MaxLine = 256 * 1024;
    public const int MaxMessage = 1024 * 1024;

    // Far above any server's limit: a figure beyond it is nonsense and not a message to be skipped.
    private const int MaxSkipped = 1024 * 1024 * 1024;

    private long _skip;

    /// <summary>Messages that were too large and passed over.</summary>
    public long Skipped { get; private set; }

    /// <summary>Takes one operation off the front of the buffer. False when more must come first.</summary>
    /// <exception cref="ProtocolException">This is no NATS.</exception>
    public bool TryRead(ref ReadOnlySequence<byte> buffer, out NatsOperation operation)
    {
        operation = default;
        while (true)
        {
            if (_skip > 0)
            {
                var passed = Math.Min(_skip, buffer.Length);
                buffer = buffer.Slice(passed);
                _skip -= passed;
                if (_skip > 0) return false;
            }

            var reader = new SequenceReader<byte>(buffer);
            if (!reader.TryReadTo(out ReadOnlySequence<byte> raw, (byte)'\n'))
                return buffer.Length <= MaxLine ? false : throw new ProtocolException("The server sent a line without end.");
            if (raw.Length > MaxLine) throw new ProtocolException("The server sent a line that is too long.");
            var line = Encoding.UTF8.GetString(raw).TrimEnd('\r');
            var space = line.AsSpan().IndexOfAny(' ', '\t');
            var verb = (space < 0 ? line : line[..space]).ToUpperInvariant();
            var rest = space < 0 ? "" : line[(space + 1)..].Trim();
            if (verb is "MSG" or "HMSG")
            {
                var head = Head(verb, rest);
                if (head.Total > MaxMessage)
                {
                    buffer = buffer.Slice(reader.Position);
                    _skip = head.Total + 2L;
                    Skipped++;
                    continue;
                }

                if (reader.Remaining < head.Total + 2) return false;
                operation = new NatsOperation(NatsVerb.Message, Message: Body(ref reader, head));
                buffer = buffer.Slice(reader.Position);
                return true;
            }

            buffer = buffer.Slice(reader.Position);
            if (verb.Length == 0) continue;
            operation = verb switch
            {
                "INFO" => new NatsOperation(NatsVerb.Info, rest),
                "PING" => new NatsOperation(NatsVerb.Ping),
                "PONG" => new NatsOperation(NatsVerb.Pong),
                "+OK" => new NatsOperation(NatsVerb.Ok),
                "-ERR" => new NatsOperation(NatsVerb.Error, rest.Trim('\'')),
                _ => throw new ProtocolException("The server says what is no NATS; is this the right port?"),
            };
            return true;
        }
    }

    private static (string Subject, long Sid, string? ReplyTo, int Headers, int Total) Head(string verb, string rest)
    {
        var words = rest.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        var figures = verb == "MSG" ? 1 : 2;
        if (words.Length != 2 + figures && words.Length != 3 + figures) throw Malformed();
        var total = Number(words[^1], MaxSkipped);
        var headers = figures == 2 ? Number(words[^2], total) : 0;
        return (words[0], Number(words[1], int.MaxValue), words.Length == 3 + figures ? words[2] : null, headers, total);
    }

    private static NatsMessage Body(ref SequenceReader<byte> reader, (string Subject, long Sid, string? ReplyTo, int Headers, int Total) head)
    {
        var headers = Take(ref reader, head.Headers);
        var payload = Take(ref reader, head.Total - head.Headers);
        if (!reader.TryRead(out var cr) || !reader.TryRead(out var lf) || cr != '\r' || lf != '\n') throw Malformed();
        return new NatsMessage(head.Subject, head.Sid, head.ReplyTo, headers, payload);
    }

    private static byte[] Take(ref SequenceReader<byte> reader, int length)
    {
        if (length == 0) return [];
        var bytes = new byte[length];
        reader.TryCopyTo(bytes);
        reader.Advance(length);
        return bytes;
    }

    private static int Number(string word, int most) =>
        word.Length is > 0 and <= 10 && Utf8Parser.TryParse(Encoding.ASCII.GetBytes(word), out uint value, out var used) && used == word.Length && value <= most ? (int)value : throw Malformed();

    private static ProtocolException Malformed() => new("The server sent a message that cannot be read.");
}
