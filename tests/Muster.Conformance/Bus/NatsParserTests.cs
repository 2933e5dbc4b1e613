using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Muster.Integrations.Connections;
using Muster.Integrations.Nats;

namespace Muster.Conformance.Bus;

/// <summary>The parser gets whatever bytes, cut wherever.</summary>
public sealed class NatsParserTests
{
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(2000);

    [Fact]
    public void What_was_said_is_read_the_same_wherever_it_was_cut() => Check.One(Runs, Prop.ForAll(Arb.From(Said), Arb.From(Gen.ListOf(Gen.Choose(1, 40))), (said, cuts) =>
    {
        var bytes = said.SelectMany(s => s.Bytes).ToArray();
        var read = new List<string>();
        var parser = new NatsParser();
        var (at, end, turn) = (0, 0, 0);
        while (true)
        {
            var buffer = new ReadOnlySequence<byte>(bytes, at, end - at);
            while (parser.TryRead(ref buffer, out var operation)) read.Add(Show(operation));
            at = end - (int)buffer.Length;
            if (end == bytes.Length) break;
            end = Math.Min(bytes.Length, end + (cuts.Count == 0 ? 1 : cuts[turn++ % cuts.Count]));
        }

        return read.SequenceEqual(said.Select(s => s.Shown)) && at == bytes.Length;
    }));

    [Fact]
    public void Whatever_bytes_come_they_are_read_or_refused_and_the_parser_moves_on() => Check.One(Runs, Prop.ForAll(Arb.From(Mangled), bytes =>
    {
        var parser = new NatsParser();
        var buffer = new ReadOnlySequence<byte>(bytes);
        try
        {
            var before = buffer.Length;
            while (parser.TryRead(ref buffer, out _))
            {
                if (buffer.Length >= before) return false;
                before = buffer.Length;
            }

            return true;
        }
        catch (ProtocolException)
        {
            return true;
        }
    }));

    [Fact]
    public void A_message_larger_than_is_held_is_passed_over_and_the_next_is_read()
    {
        var parser = new NatsParser();
        var bytes = Encoding.ASCII.GetBytes($"MSG a 1 {NatsParser.MaxMessage + 1}\r\n{new string('x', NatsParser.MaxMessage + 1)}\r\nPONG\r\n");
        var read = new List<NatsVerb>();
        for (var at = 0; at < bytes.Length; at += 60_000)
        {
            var buffer = new ReadOnlySequence<byte>(bytes, at, Math.Min(60_000, bytes.Length - at));
            while (parser.TryRead(ref buffer, out var operation)) read.Add(operation.Verb);
            Assert.True(buffer.Length < 60_000, "A message that is passed over is not held.");
            at -= (int)buffer.Length;
        }

        Assert.Equal([NatsVerb.Pong], read);
        Assert.Equal(1, parser.Skipped);
    }

    [Fact]
    public void A_line_without_end_is_refused()
    {
        var buffer = new ReadOnlySequence<byte>(new byte[NatsParser.MaxLine + 1]);
        Assert.Throws<ProtocolException>(() => new NatsParser().TryRead(ref buffer, out _));
    }

    private static Gen<List<(byte[] Bytes, string Shown)>> Said => Gen.ListOf(Gen.OneOf(
        Gen.Elements(("PING\r\n", "Ping"), ("PONG\r\n", "Pong"), ("+OK\r\n", "Ok"), ("-ERR 'Stale Connection'\r\n", "Error Stale Connection"), ("INFO {\"a\":1}\r\n", "Info {\"a\":1}"), ("ping\n", "Ping"))
            .Select(p => (Encoding.UTF8.GetBytes(p.Item1), p.Item2)),
        from payload in Gen.ArrayOf(Gen.Choose(0, 255).Select(i => (byte)i))
        from reply in Gen.Elements("", "_INBOX.x ")
        select Message("MSG", payload, [], reply),
        from payload in Gen.ArrayOf(Gen.Choose(0, 255).Select(i => (byte)i))
        from value in Gen.Elements("x", "a b", "")
        select Message("HMSG", payload, NatsHeaders.Write(("Name", value)), "_INBOX.y "))).Select(list => list.ToList());

    private static Gen<byte[]> Mangled =>
        from said in Said
        from noise in Gen.ListOf(Gen.Choose(0, 255))
        from places in Gen.ListOf(Gen.Choose(0, 1000))
        select Mangle(said.SelectMany(s => s.Bytes).ToArray(), [.. noise], [.. places]);

    private static byte[] Mangle(byte[] bytes, int[] noise, int[] places)
    {
        for (var i = 0; i < Math.Min(noise.Length, places.Length) && bytes.Length > 0; i++) bytes[places[i] % bytes.Length] = (byte)noise[i];
        return [.. bytes, .. noise.Select(n => (byte)n)];
    }

    private static (byte[], string) Message(string verb, byte[] payload, byte[] headers, string reply)
    {
        var sizes = verb == "MSG" ? $"{payload.Length}" : $"{headers.Length} {headers.Length + payload.Length}";
        byte[] bytes = [.. Encoding.UTF8.GetBytes($"{verb} a.b 7 {reply}{sizes}\r\n"), .. headers, .. payload, .. "\r\n"u8];
        return (bytes, Show(new NatsOperation(NatsVerb.Message, Message: new NatsMessage("a.b", 7, reply.Length > 0 ? reply.Trim() : null, headers, payload))));
    }

    private static string Show(NatsOperation operation) => operation.Message is { } m
        ? $"{m.Subject} {m.Subscription} {m.ReplyTo} {Convert.ToHexString(m.Headers)} {Convert.ToHexString(m.Payload)}"
        : $"{operation.Verb} {operation.Text}".Trim();
}
