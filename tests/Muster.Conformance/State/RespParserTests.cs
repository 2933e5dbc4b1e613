using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Muster.Integrations.Connections;
using Muster.Integrations.Redis;

namespace Muster.Conformance.State;

/// <summary>The parser gets whatever bytes, cut wherever.</summary>
public sealed class RespParserTests
{
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(2000);

    [Fact]
    public void Answers_are_read_the_same_wherever_they_were_cut() => Check.One(Runs, Prop.ForAll(Arb.From(Gen.ListOf(Value(2))), Arb.From(Gen.ListOf(Gen.Choose(1, 40))), (said, cuts) =>
    {
        var bytes = said.SelectMany(Bytes).ToArray();
        var read = new List<string>();
        var (at, end, turn) = (0, 0, 0);
        while (true)
        {
            var buffer = new ReadOnlySequence<byte>(bytes, at, end - at);
            while (RespParser.TryRead(ref buffer, out var value)) read.Add(Show(value));
            at = end - (int)buffer.Length;
            if (end == bytes.Length) break;
            end = Math.Min(bytes.Length, end + (cuts.Count == 0 ? 1 : cuts[turn++ % cuts.Count]));
        }

        return read.SequenceEqual(said.Select(Show)) && at == bytes.Length;
    }));

    [Fact]
    public void Whatever_bytes_come_they_are_read_or_refused_and_the_parser_moves_on() => Check.One(Runs, Prop.ForAll(Arb.From(Mangled), bytes =>
    {
        var buffer = new ReadOnlySequence<byte>(bytes);
        try
        {
            var before = buffer.Length;
            while (RespParser.TryRead(ref buffer, out _))
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

    [Theory]
    [InlineData("$9999999999\r\n")]
    [InlineData("*9999999\r\n")]
    [InlineData("$-2\r\n")]
    [InlineData("$1\r\nxy\r\n")]
    [InlineData(":12x\r\n")]
    [InlineData(":\r\n")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n")]
    [InlineData("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n")]
    public void What_no_redis_says_is_refused(string text) =>
        Assert.Throws<ProtocolException>(() =>
        {
            var buffer = new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(text));
            RespParser.TryRead(ref buffer, out _);
        });

    [Fact]
    public void A_command_holds_its_words_as_they_are() =>
        Assert.Equal("*3\r\n$3\r\nSET\r\n$4\r\na\r\n$\r\n$2\r\n-7\r\n", Encoding.UTF8.GetString(RespWriter.Write("SET", "a\r\n$", -7)));

    private static Gen<RespValue> Value(int depth)
    {
        Gen<RespValue>[] plain =
        [
            Gen.Elements("OK", "", "a b").Select(t => new RespValue(RespKind.Text, t)),
            Gen.Elements("ERR no", "NOSCRIPT").Select(t => new RespValue(RespKind.Error, t)),
            Gen.Elements(0L, -1, 42, long.MaxValue, long.MinValue).Select(n => new RespValue(RespKind.Number, Number: n)),
            Gen.ArrayOf(Gen.Choose(0, 255).Select(i => (byte)i)).Select(b => new RespValue(RespKind.Bytes, Bytes: b)),
            Gen.Constant(RespValue.Null),
        ];
        return depth == 0 ? Gen.OneOf(plain) : Gen.OneOf([.. plain, Gen.Resize(Gen.ListOf(Value(depth - 1)), 4).Select(l => new RespValue(RespKind.List, Items: [.. l]))]);
    }

    private static Gen<byte[]> Mangled =>
        from said in Gen.ListOf(Value(2))
        from noise in Gen.ListOf(Gen.Choose(0, 255))
        from places in Gen.ListOf(Gen.Choose(0, 1000))
        select Mangle(said.SelectMany(Bytes).ToArray(), [.. noise], [.. places]);

    private static byte[] Mangle(byte[] bytes, int[] noise, int[] places)
    {
        for (var i = 0; i < Math.Min(noise.Length, places.Length) && bytes.Length > 0; i++) bytes[places[i] % bytes.Length] = (byte)noise[i];
        return [.. bytes, .. noise.Select(n => (byte)n)];
    }

    private static byte[] Bytes(RespValue value) => value.Kind switch
    {
        RespKind.Text => Encoding.UTF8.GetBytes($"+{value.Text}\r\n"),
        RespKind.Error => Encoding.UTF8.GetBytes($"-{value.Text}\r\n"),
        RespKind.Number => Encoding.UTF8.GetBytes($":{value.Number}\r\n"),
        RespKind.Bytes => [.. Encoding.UTF8.GetBytes($"${value.Bytes!.Length}\r\n"), .. value.Bytes, .. "\r\n"u8],
        RespKind.List => [.. Encoding.UTF8.GetBytes($"*{value.Items!.Count}\r\n"), .. value.Items.SelectMany(Bytes)],
        _ => "$-1\r\n"u8.ToArray(),
    };

    private static string Show(RespValue value) => value.Kind switch
    {
        RespKind.List => $"[{string.Join(' ', value.Items!.Select(Show))}]",
        RespKind.Bytes => Convert.ToHexString(value.Bytes!),
        _ => $"{value.Kind} {value.Text} {value.Number}",
    };
}
