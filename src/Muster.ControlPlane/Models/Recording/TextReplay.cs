using System.Text;
using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Protocols;

namespace Muster.ControlPlane.Models.Recording;

/// <summary>Knows a request by what it says: a run that goes another way is told so.</summary>
internal sealed class TextReplay : IReplay
{
    private readonly List<(RecordedCall Call, Fingerprint Fingerprint)> _calls;
    private readonly string _path;
    private readonly Lock _lock = new();
    private readonly SecretText _secrets = new([]);
    private readonly ReplayedRuns<HashSet<int>> _runs = new();

    private TextReplay(string path, List<(RecordedCall, Fingerprint)> calls) => (_path, _calls) = (path, calls);

    /// <exception cref="InvalidDataException">It is no recording, or one without requests; the message says where and why.</exception>
    public static TextReplay Load(string path) => new(path, [.. RecordedCall.Load(path).Select((call, at) => (call, Fingerprint.Of(call.Protocol,
        call.Request ?? throw new InvalidDataException($"{path}, line {at + 1}, has no request: an excerpt can only be replayed with 'match: turns'."))))]);

    public (RecordedCall? Call, string? Departure) Next(ProviderCall asked)
    {
        var body = JsonNode.Parse(_secrets.Remove(Encoding.UTF8.GetString(WireJson.Bytes(asked.Body))))!.AsObject();
        var fingerprint = Fingerprint.Of(asked.Protocol, body);
        lock (_lock)
        {
            var used = _runs.Of(asked);
            for (var at = 0; at < _calls.Count; at++)
            {
                if (_calls[at].Call.Protocol != asked.Protocol || _calls[at].Fingerprint.Hash != fingerprint.Hash || !used.Add(at)) continue;
                return (_calls[at].Call, null);
            }

            return (null, Departure(asked, fingerprint, used));
        }
    }

    private string Departure(ProviderCall asked, Fingerprint now, HashSet<int> used)
    {
        var before = $"The run departs from its recording {Path.GetFileName(_path)} at its call {used.Count + 1}: ";
        if (_calls.Any(c => c.Fingerprint.Hash == now.Hash)) return $"{before}it asks this once more than was recorded.";
        var left = _calls.Select((c, at) => (c.Call, c.Fingerprint, At: at)).Where(c => !used.Contains(c.At) && c.Call.Protocol == asked.Protocol).ToList();
        if (left.Count == 0) return $"{before}nothing more was recorded.";
        var nearest = left.MaxBy(c => c.Fingerprint.CommonWith(now));
        var line = nearest.Fingerprint.CommonWith(now);
        return $"{before}nearest is the recorded call {nearest.Call.Number}, which says \"{Line(nearest.Fingerprint, line)}\" where now stands \"{Line(now, line)}\". Record the run anew.";
    }

    private static string Line(Fingerprint fingerprint, int at)
    {
        if (at >= fingerprint.Lines.Count) return "(nothing)";
        var line = fingerprint.Lines[at];
        return line.Length > 160 ? line[..160] + "…" : line;
    }
}
