using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Muster.ControlPlane.Work;

/// <summary>
/// The exclusive right to a task (or a job) for one attempt: the store's life, the thing held and its epoch, signed so
/// that it can be a credential by itself. Whether it is still current, only the store can say, by equality.
/// </summary>
public readonly record struct LeaseToken(string Incarnation, string Subject, int Epoch)
{
    private const string Prefix = "mls_";
    private const int Body = 16 + 16 + 4;
    private const int Signature = 16;

    public string Write(byte[] key)
    {
        Span<byte> bytes = stackalloc byte[Body + Signature];
        Guid.Parse(Incarnation).TryWriteBytes(bytes);
        Guid.Parse(Subject).TryWriteBytes(bytes[16..]);
        BinaryPrimitives.WriteInt32BigEndian(bytes[32..], Epoch);
        Sign(key, bytes[..Body], bytes[Body..]);
        return Prefix + Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads a token of ours; null for any other text, whatever it is.</summary>
    public static LeaseToken? Read(string? text, byte[] key)
    {
        if (text is null || !text.StartsWith(Prefix, StringComparison.Ordinal) || text.Length != Prefix.Length + ((Body + Signature) * 4 + 2) / 3)
            return null;
        Span<byte> bytes = stackalloc byte[Body + Signature];
        if (Base64Url.DecodeFromChars(text.AsSpan(Prefix.Length), bytes, out _, out var written) != OperationStatus.Done || written != bytes.Length) return null;
        Span<byte> expected = stackalloc byte[Signature];
        Sign(key, bytes[..Body], expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, bytes[Body..])) return null;
        return new LeaseToken(
            new Guid(bytes[..16]).ToString("N"),
            new Guid(bytes[16..32]).ToString("D"),
            BinaryPrimitives.ReadInt32BigEndian(bytes[32..36]));
    }

    // HMAC-SHA256 (RFC 2104) from two hashes: the library's own costs ten times as much for so little text, and every hand-in pays it.
    private static void Sign(ReadOnlySpan<byte> key, ReadOnlySpan<byte> body, Span<byte> signature)
    {
        const int block = 64;
        Span<byte> text = stackalloc byte[block + Body];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        Pad(key, 0x36, text);
        body.CopyTo(text[block..]);
        SHA256.HashData(text, hash);
        Pad(key, 0x5c, text);
        hash.CopyTo(text[block..]);
        SHA256.HashData(text[..(block + hash.Length)], hash);
        hash[..Signature].CopyTo(signature);

        static void Pad(ReadOnlySpan<byte> key, byte with, Span<byte> into)
        {
            for (var i = 0; i < block; i++) into[i] = (byte)((i < key.Length ? key[i] : 0) ^ with);
        }
    }
}
