using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;
using Muster.Integrations.ModelServers;

namespace Muster.Integrations.OpenRouter;

/// <summary>
/// OpenRouter (B7): one key, many providers. Only endpoints that keep nothing are allowed, whatever the caller asks for. The
/// order of providers alone does not change the model, so the models that the route names next go along.
/// </summary>
internal sealed class OpenRouterProvider(ProviderSettings settings) : IModelProvider, IDisposable
{
    /// <summary>OpenRouter takes no more.</summary>
    private const int MostModels = 3;

    private readonly ModelServer _server = new(settings);
    private readonly IReadOnlyList<string> _order = settings.Extra.TryGetValue("order", out var order) ? order : ["groq", "openai", "anthropic"];

    public string Name => settings.Name;

    public IReadOnlyList<ModelProtocol> Protocols { get; } = settings.Protocols is { Count: > 0 } said ? said : [ModelProtocol.OpenAiChat, ModelProtocol.AnthropicMessages];

    public ProviderTimes Times => settings.Times;

    public HttpRequestMessage Make(ProviderCall call)
    {
        var body = call.Body;
        body["provider"] = Preferences(body["provider"] as JsonObject);
        if (call.NextModels.Count > 0) body["models"] = new JsonArray([.. call.NextModels.Prepend(call.Model).Take(MostModels).Select(m => (JsonNode)m)]);
        else body.Remove("models");
        if (call.Protocol == ModelProtocol.OpenAiChat)
        {
            if (body["reasoning_effort"] is JsonValue effort)
            {
                body.Remove("reasoning_effort");
                body["reasoning"] = new JsonObject { ["effort"] = effort.DeepClone() };
            }
        }

        var request = _server.Post(call.Protocol switch { ModelProtocol.AnthropicMessages => "messages", ModelProtocol.OpenAiResponses => "responses", _ => "chat/completions" }, body);
        request.Headers.TryAddWithoutValidation("X-Title", "Muster");
        if (call.Protocol == ModelProtocol.AnthropicMessages) ModelServer.Pass(request, call, "anthropic-beta", "anthropic-version");
        return request;
    }

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct) => _server.SendAsync(request, ct);

    public ProviderFault Classify(FaultFacts facts) => FaultReading.Of(facts);

    // Asks about the key as well, which the list of models, being public, says nothing about.
    public async Task<IReadOnlyList<string>?> ListModelsAsync(CancellationToken ct)
    {
        await _server.CheckAsync("key", ct);
        return ModelServer.Names(await _server.GetAsync("models", ct));
    }

    public void Dispose() => _server.Dispose();

    private JsonObject Preferences(JsonObject? asked)
    {
        var preferences = asked?.DeepClone().AsObject() ?? [];
        preferences["zdr"] = true;
        preferences["data_collection"] = "deny";
        if (!preferences.ContainsKey("order")) preferences["order"] = new JsonArray([.. _order.Select(o => (JsonNode)o)]);
        if (!preferences.ContainsKey("allow_fallbacks")) preferences["allow_fallbacks"] = true;
        return preferences;
    }
}

public sealed class OpenRouterKind : IProviderKind
{
    public string Kind => "openrouter";
    public string? DefaultServer => "https://openrouter.ai/api/v1";
    public string? KeyVariable => "OPENROUTER_API_KEY";
    public IReadOnlyList<string> ExtraSettings => ["order"];

    public IModelProvider Create(ProviderSettings settings) => new OpenRouterProvider(settings);
}

public static class AddOpenRouterKind
{
    public static ProviderKinds AddOpenRouter(this ProviderKinds kinds) => kinds.Add(new OpenRouterKind());
}
