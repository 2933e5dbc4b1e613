using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Protocols;

namespace Muster.ControlPlane.Models.Recording;

/// <summary>
/// Answers from a recording, byte for byte: no key, no cost, no network. A request is known by what it says; where the run
/// leaves the recording it is told so, and how.
/// </summary>
internal sealed class ReplayProvider : IModelProvider
{
    private static readonly HttpRequestOptionsKey<ProviderCall> Asked = new("muster.call");
    private readonly ProviderSettings _settings;
    private readonly Lazy<Replay> _replay;

    public ReplayProvider(ProviderSettings settings)
    {
        _settings = settings;
        _replay = new Lazy<Replay>(() => Replay.Load(settings.Setting("file")!));
    }

    public string Name => _settings.Name;

    public IReadOnlyList<ModelProtocol> Protocols { get; } = [ModelProtocol.OpenAiChat, ModelProtocol.OpenAiResponses, ModelProtocol.AnthropicMessages, ModelProtocol.GoogleGenerate];

    public ProviderTimes Times => _settings.Times;

    public HttpRequestMessage Make(ProviderCall call)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, _settings.Server);
        request.Options.Set(Asked, call);
        return request;
    }

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct)
    {
        var call = request.Options.TryGetValue(Asked, out var asked) ? asked : throw new InvalidOperationException("A request of another provider.");
        var (recorded, departure) = _replay.Value.Next(call);
        return Task.FromResult(recorded is null
            ? Answer(400, "application/json", WireJson.Bytes(Dialects.Of(call.Protocol).Error(400, departure!, "departed")))
            : Answer(recorded.Status, recorded.ContentType, recorded.Answer()));
    }

    public ProviderFault Classify(FaultFacts facts) => facts.Status is >= 400 and < 500 ? new ProviderFault(FaultClass.Refused, facts.Message) : FaultReading.Of(facts);

    public Task<IReadOnlyList<string>?> ListModelsAsync(CancellationToken ct) => Task.FromResult<IReadOnlyList<string>?>(["recorded"]);

    private static HttpResponseMessage Answer(int status, string type, byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return new HttpResponseMessage((HttpStatusCode)status) { Content = content };
    }
}

/// <summary>A recording that is being replayed, by one run or by several, each from its beginning.</summary>
internal sealed class Replay
{
    /// <summary>Runs remembered at once; the longest ago is forgotten.</summary>
    private const int MostRuns = 1000;

    private readonly List<(RecordedCall Call, Fingerprint Fingerprint)> _calls;
    private readonly string _path;
    private readonly Lock _lock = new();
    private readonly SecretText _secrets = new([]);
    private readonly OrderedDictionary<string, HashSet<int>> _used = new(StringComparer.Ordinal);

    private Replay(string path, List<(RecordedCall, Fingerprint)> calls) => (_path, _calls) = (path, calls);

    /// <exception cref="InvalidDataException">It is no recording; the message says where and why.</exception>
    public static Replay Load(string path)
    {
        List<(RecordedCall, Fingerprint)> calls = [];
        foreach (var line in File.ReadLines(path))
        {
            try
            {
                var call = JsonSerializer.Deserialize<RecordedCall>(line, RecordedCall.Json) ?? throw new JsonException("nothing");
                calls.Add((call, Fingerprint.Of(call.Protocol, call.Request)));
            }
            catch (JsonException error)
            {
                throw new InvalidDataException($"{path}, line {calls.Count + 1}, is no recorded call: {error.Message}", error);
            }
        }

        return new Replay(path, calls);
    }

    /// <summary>The recorded answer to a request; null, and why, when the run has left the recording.</summary>
    public (RecordedCall? Call, string? Departure) Next(ProviderCall asked)
    {
        var body = JsonNode.Parse(_secrets.Remove(Encoding.UTF8.GetString(WireJson.Bytes(asked.Body))))!.AsObject();
        var fingerprint = Fingerprint.Of(asked.Protocol, body);
        lock (_lock)
        {
            var used = Used(asked.AssignmentId ?? "");
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

    private HashSet<int> Used(string run)
    {
        if (_used.TryGetValue(run, out var used)) return used;
        if (_used.Count >= MostRuns) _used.RemoveAt(0);
        return _used[run] = [];
    }

    private static string Line(Fingerprint fingerprint, int at)
    {
        if (at >= fingerprint.Lines.Count) return "(nothing)";
        var line = fingerprint.Lines[at];
        return line.Length > 160 ? line[..160] + "…" : line;
    }
}

public sealed class ReplayKind : IProviderKind
{
    public string Kind => "replay";
    public string? DefaultServer => "http://replay.invalid/";
    public string? KeyVariable => null;
    public IReadOnlyList<string> ExtraSettings => ["file"];

    public IEnumerable<string> Validate(ProviderSettings settings)
    {
        if (settings.Setting("file") is not { Length: > 0 } file)
        {
            yield return $"The provider {settings.Name} replays nothing: name a recording with 'file'.";
            yield break;
        }

        string? fault = null;
        try
        {
            Replay.Load(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            fault = $"The provider {settings.Name} cannot replay {file}: {error.Message}";
        }

        if (fault is not null) yield return fault;
    }

    public IModelProvider Create(ProviderSettings settings) => new ReplayProvider(settings);
}

public static class AddReplayKind
{
    public static ProviderKinds AddReplay(this ProviderKinds kinds) => kinds.Add(new ReplayKind());
}
