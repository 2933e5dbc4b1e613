using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Muster.ControlPlane.Storage;

/// <summary>
/// Row ids: UUID version 7 as text. Ids of one process rise strictly, also within a millisecond and when the clock steps
/// back, because "the newest" is often "the greatest id".
/// </summary>
public static class Ids
{
    /// <summary>Ids within one millisecond: the twelve bits behind the version.</summary>
    private const int Counters = 4096;

    private static readonly Lock Gate = new();
    // Asking the system for each would cost more than all the rest.
    private static readonly byte[] Pool = new byte[4096];
    private static int _used = Pool.Length;
    private static long _millisecond;
    private static int _counter;

    public static string New()
    {
        Span<byte> bytes = stackalloc byte[16];
        var (millisecond, counter) = Next(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), bytes[8..]);
        BinaryPrimitives.WriteInt64BigEndian(bytes, millisecond << 16);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[6..], (ushort)(0x7000 | counter));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3f));
        return new Guid(bytes, bigEndian: true).ToString("D");
    }

    /// <summary>When an id was made.</summary>
    public static DateTimeOffset TimeOf(string id) => DateTimeOffset.FromUnixTimeMilliseconds(Convert.ToInt64($"{id.AsSpan(0, 8)}{id.AsSpan(9, 4)}", 16));

    public static bool IsId(string text) => text.Length == 36 && Guid.TryParseExact(text, "D", out _);

    private static (long Millisecond, int Counter) Next(long now, Span<byte> random)
    {
        lock (Gate)
        {
            if (_used == Pool.Length)
            {
                RandomNumberGenerator.Fill(Pool);
                _used = 0;
            }

            Pool.AsSpan(_used, random.Length).CopyTo(random);
            _used += random.Length;
            if (now > _millisecond) (_millisecond, _counter) = (now, 0);
            else if (++_counter == Counters) (_millisecond, _counter) = (_millisecond + 1, 0);
            return (_millisecond, _counter);
        }
    }
}
