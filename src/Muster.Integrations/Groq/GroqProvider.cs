using Muster.ControlPlane.Models.Calling;
using Muster.Integrations.ModelServers;

namespace Muster.Integrations.Groq;

/// <summary>Groq: OpenAI's chat, fast, with limits that it tells in its headers.</summary>
internal sealed class GroqProvider(ProviderSettings settings) : IModelProvider, IDisposable
{
    private static readonly string[] Thinking = ["gpt-oss", "qwen3", "deepseek-r1"];
    private static readonly string[] Refused = ["logprobs", "logit_bias", "top_logprobs", "store", "metadata"];

    private readonly ModelServer _server = new(settings);

    public string Name => settings.Name;

    public IReadOnlyList<ModelProtocol> Protocols { get; } = settings.Protocols is { Count: > 0 } said ? said : [ModelProtocol.OpenAiChat];

    public ProviderTimes Times => settings.Times;

    public HttpRequestMessage Make(ProviderCall call)
    {
        if (call.Protocol == ModelProtocol.OpenAiChat)
        {
            ChatBody.RenameMaxTokens(call.Body);
            if (!Thinking.Any(t => call.Model.Contains(t, StringComparison.OrdinalIgnoreCase))) ChatBody.WithoutThinking(call.Body);
            foreach (var name in Refused) call.Body.Remove(name);
        }

        return _server.Post(call.Protocol == ModelProtocol.OpenAiResponses ? "responses" : "chat/completions", call.Body);
    }

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct) => _server.SendAsync(request, ct);

    public ProviderFault Classify(FaultFacts facts) => facts switch
    {
        // Its own words for a machine that is full, and for a call that its model wrote wrongly, which another try may write well.
        { Status: 498 } => FaultReading.Of(facts with { Status = 503 }),
        { Status: 400, Type: "tool_use_failed" } => new ProviderFault(FaultClass.Broken, $"{Name}: the model wrote a call of a tool that is none."),
        _ => FaultReading.Of(facts),
    };

    public async Task<IReadOnlyList<string>?> ListModelsAsync(CancellationToken ct) => ModelServer.Names(await _server.GetAsync("models", ct));

    public void Dispose() => _server.Dispose();
}

public sealed class GroqKind : IProviderKind
{
    public string Kind => "groq";
    public string? DefaultServer => "https://api.groq.com/openai/v1";
    public string? KeyVariable => "GROQ_API_KEY";

    public IModelProvider Create(ProviderSettings settings) => new GroqProvider(settings);
}

public static class AddGroqKind
{
    public static ProviderKinds AddGroq(this ProviderKinds kinds) => kinds.Add(new GroqKind());
}
