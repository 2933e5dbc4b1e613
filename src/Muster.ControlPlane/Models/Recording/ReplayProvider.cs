using System.Net;
using System.Net.Http.Headers;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Protocols;

namespace Muster.ControlPlane.Models.Recording;

/// <summary>
/// Answers from a recording, byte for byte: no key, no cost, no network. Where the run leaves the recording it is told so, and
/// how.
/// </summary>
internal sealed class ReplayProvider : IModelProvider
{
    private static readonly HttpRequestOptionsKey<ProviderCall> Asked = new("muster.call");
    private readonly ProviderSettings _settings;
    private readonly TimeProvider _time;
    private readonly Lazy<IReplay> _replay;

    public ReplayProvider(ProviderSettings settings, TimeProvider time)
    {
        (_settings, _time) = (settings, time);
        _replay = new Lazy<IReplay>(() => ReplayKind.Load(settings));
    }

    public string Name => _settings.Name;

    public IReadOnlyList<ModelProtocol> Protocols { get; } = [ModelProtocol.OpenAiChat, ModelProtocol.OpenAiResponses, ModelProtocol.AnthropicMessages, ModelProtocol.GoogleGenerate];

    public ProviderTimes Times => _settings.Times;

    public bool Replays => true;

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
            ? Answer(400, "application/json", new ByteArrayContent(WireJson.Bytes(Dialects.Of(call.Protocol).Error(400, departure!, "departed"))))
            : Answer(recorded.Status, recorded.ContentType, _settings.Setting("pace") == "recorded" ? new StreamContent(new PacedStream(recorded.Pieces, _time)) : new ByteArrayContent(recorded.Answer())));
    }

    public ProviderFault Classify(FaultFacts facts) => facts.Status is >= 400 and < 500 ? new ProviderFault(FaultClass.Refused, facts.Message) : FaultReading.Of(facts);

    public Task<IReadOnlyList<string>?> ListModelsAsync(CancellationToken ct) => Task.FromResult<IReadOnlyList<string>?>(["recorded"]);

    private static HttpResponseMessage Answer(int status, string type, HttpContent content)
    {
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return new HttpResponseMessage((HttpStatusCode)status) { Content = content };
    }
}
