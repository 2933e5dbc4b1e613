using System.Globalization;
using System.Text.Json;
using Muster.ControlPlane.Events.Bus;

namespace Muster.Integrations.Postgres;

/// <summary>
/// A message as text that fits into notifications, which take less than 8,000 bytes: sender, number, part and parts, then a
/// piece of it in base 64.
/// </summary>
internal static class PostgresParcel
{
    private const int Piece = 5_800;
    private const int MostParts = 64;
    private const int MostSenders = 1_000;

    public static IEnumerable<string> Write(string sender, long number, BusMessage message)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(new Letter(message.Subject, message.ReplyTo, message.From, message.Data.ToArray()));
        var parts = (bytes.Length + Piece - 1) / Piece;
        for (var part = 0; part < parts; part++)
            yield return string.Create(CultureInfo.InvariantCulture, $"{sender} {number} {part} {parts} {Convert.ToBase64String(bytes, part * Piece, Math.Min(Piece, bytes.Length - part * Piece))}");
    }

    /// <summary>Puts parts together again. The parts of one message come one behind the other, since they are notified in one transaction.</summary>
    public sealed class Assembly(string own)
    {
        private readonly Dictionary<string, (long Number, List<byte[]> Pieces)> _begun = new(StringComparer.Ordinal);

        /// <summary>The message that this part makes whole; null for any other part, for our own, and for what is no part of a message.</summary>
        public BusMessage? Add(string payload)
        {
            var words = payload.Split(' ');
            if (words.Length != 5 || words[0] == own || !long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || !int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out var part) || !int.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out var parts)
                || parts is < 1 or > MostParts)
                return null;
            var piece = new byte[words[4].Length];
            if (!Convert.TryFromBase64String(words[4], piece, out var length)) return null;
            // Senders that are gone in the middle of a message are not remembered without bound.
            if (_begun.Count >= MostSenders) _begun.Clear();
            if (!_begun.TryGetValue(words[0], out var begun) || begun.Number != number) _begun[words[0]] = begun = (number, []);
            if (part != begun.Pieces.Count) return null;
            begun.Pieces.Add(piece[..length]);
            if (begun.Pieces.Count < parts) return null;
            _begun.Remove(words[0]);
            return Read([.. begun.Pieces.SelectMany(p => p)]);
        }

        private static BusMessage? Read(byte[] bytes)
        {
            try
            {
                return JsonSerializer.Deserialize<Letter>(bytes) is { Subject: not null, Data: not null } letter && letter.Data.Length <= BusMessage.MaxBytes
                    ? new BusMessage(letter.Subject, letter.Data) { ReplyTo = letter.ReplyTo, From = letter.From }
                    : null;
            }
            catch (JsonException)
            {
                // Somebody else notified this channel.
                return null;
            }
        }
    }

    private sealed record Letter(string Subject, string? ReplyTo, string? From, byte[] Data);
}
