using System.Text;
using System.Text.Json;
using Muster.Contracts;
using Muster.ControlPlane.Storage;

namespace Muster.Integrations.Postgres;

/// <summary>
/// What one commit tells the other planes: who committed, and the wake-ups that are no rows. The events themselves are
/// read from the log.
/// </summary>
internal static class Wakeup
{
    /// <summary>PostgreSQL takes payloads of less than 8,000 bytes.</summary>
    private const int Limit = 7900;

    private static readonly Dictionary<string, Type> Kinds = typeof(Signal).Assembly.GetTypes()
        .Where(t => t.IsSubclassOf(typeof(Signal)) && !t.IsAbstract).ToDictionary(t => t.Name, StringComparer.Ordinal);

    public static string Write(string planeId, StoreTransaction tx)
    {
        if (tx.Events.Count == 0 && tx.Signals.Count == 0) return "";
        var text = new StringBuilder(planeId);
        foreach (var signal in tx.Signals)
        {
            if (signal.IsLocal) continue;
            text.Append('\n').Append(signal.GetType().Name).Append(' ').Append(JsonSerializer.Serialize(signal, signal.GetType(), Wire.Json));
            if (text.Length > Limit) break;
        }

        if (text.Length <= Limit && Encoding.UTF8.GetByteCount(text.ToString()) <= Limit) return text.ToString();
        // More than fits: everybody looks for himself, and hears at least what for.
        var counts = tx.Signals.Where(s => !s.IsLocal).GroupBy(s => s.GetType().Name, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
        return One(planeId, new LookAgain(counts));
    }

    public static string One(string planeId, Signal signal) => $"{planeId}\n{signal.GetType().Name} {JsonSerializer.Serialize(signal, signal.GetType(), Wire.Json)}";

    public static bool IsOf(string payload, string planeId) => payload.StartsWith(planeId, StringComparison.Ordinal) && (payload.Length == planeId.Length || payload[planeId.Length] == '\n');

    /// <summary>Reads one; a kind that a newer or older release sent and this one does not know makes everybody look again.</summary>
    public static List<Signal> Read(string payload)
    {
        var lines = payload.Split('\n');
        var signals = new List<Signal>(lines.Length - 1);
        foreach (var line in lines.Skip(1))
        {
            var space = line.IndexOf(' ');
            signals.Add(space > 0 && Kinds.TryGetValue(line[..space], out var kind) && Parse(line[(space + 1)..], kind) is { } signal ? signal : new LookAgain());
        }

        return signals;
    }

    private static Signal? Parse(string json, Type kind)
    {
        try
        {
            return (Signal?)JsonSerializer.Deserialize(json, kind, Wire.Json);
        }
        catch (JsonException)
        {
            // Its shape differs between releases: the same as unknown.
            return null;
        }
    }
}
