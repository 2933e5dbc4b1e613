using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;
using Muster.Integrations.ModelServers;

namespace Muster.Integrations.OpenAi;

/// <summary>OpenAI, and whatever speaks as it does at another address.</summary>
internal sealed class OpenAiProvider(ProviderSettings settings) : IModelProvider, IDisposable
{
    private readonly ModelServer _server = new(settings);
    private readonly bool _own = settings.Server.Host.Equals("api.openai.com", StringComparison.OrdinalIgnoreCase);

    public string Name => settings.Name;

    // Compatible servers speak the older protocol; of the newer one many have parts only.
    public IReadOnlyList<ModelProtocol> Protocols { get; } = settings.Protocols is { Count: > 0 } said ? said
        : settings.Server.Host.Equals("api.openai.com", StringComparison.OrdinalIgnoreCase) ? [ModelProtocol.OpenAiChat, ModelProtocol.OpenAiResponses] : [ModelProtocol.OpenAiChat];

    public ProviderTimes Times => settings.Times;

    public HttpRequestMessage Make(ProviderCall call)
    {
        if (call.Protocol == ModelProtocol.OpenAiChat) Fit(call);
        else if (call.Translated && !Thinks(call.Model)) call.Body.Remove("reasoning");
        var request = _server.Post(call.Protocol switch { ModelProtocol.OpenAiResponses => "responses", ModelProtocol.AnthropicMessages => "messages", _ => "chat/completions" }, call.Body);
        ModelServer.Pass(request, call, "openai-beta", "anthropic-version", "anthropic-beta");
        return request;
    }

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct) => _server.SendAsync(request, ct);

    public ProviderFault Classify(FaultFacts facts) => FaultReading.Of(facts);

    public async Task<IReadOnlyList<string>?> ListModelsAsync(CancellationToken ct) => ModelServer.Names(await _server.GetAsync("models", ct));

    public void Dispose() => _server.Dispose();

    private void Fit(ProviderCall call)
    {
        var thinks = Thinks(call.Model);
        if (_own) ChatBody.RenameMaxTokens(call.Body);
        if (!thinks || !_own) ChatBody.WithoutThinking(call.Body);
        if (!call.Translated || !thinks || !_own) return;
        foreach (var name in (string[])["temperature", "top_p", "stop"]) call.Body.Remove(name);
    }

    private static bool Thinks(string model) => model.StartsWith("gpt-5", StringComparison.OrdinalIgnoreCase) || (model.Length > 1 && model[0] == 'o' && char.IsAsciiDigit(model[1]));
}

public sealed class OpenAiKind : IProviderKind
{
    public string Kind => "openai";
    public string? DefaultServer => "https://api.openai.com/v1";
    public string? KeyVariable => "OPENAI_API_KEY";

    public IModelProvider Create(ProviderSettings settings) => new OpenAiProvider(settings);
}

public static class AddOpenAiKind
{
    public static ProviderKinds AddOpenAi(this ProviderKinds kinds) => kinds.Add(new OpenAiKind());
}
