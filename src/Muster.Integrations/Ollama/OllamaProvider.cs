using Muster.ControlPlane.Models.Calling;
using Muster.Integrations.ModelServers;

namespace Muster.Integrations.Ollama;

/// <summary>
/// Ollama (D14): models on machines of one's own. Asked in OpenAI's protocol, which it speaks; its own interface says what is
/// loaded and fetches what is missing.
/// </summary>
internal sealed class OllamaProvider(ProviderSettings settings) : IModelProvider, IDisposable
{
    private readonly ModelServer _server = new(settings);
    private readonly OllamaPulls _pulls = new(settings);

    public string Name => settings.Name;

    public IReadOnlyList<ModelProtocol> Protocols { get; } = settings.Protocols is { Count: > 0 } said ? said : [ModelProtocol.OpenAiChat];

    public ProviderTimes Times => settings.Times;

    public HttpRequestMessage Make(ProviderCall call)
    {
        // It refuses to think with a model that cannot, and does not say beforehand which can.
        if (call.Protocol == ModelProtocol.OpenAiChat && call.Translated) ChatBody.WithoutThinking(call.Body);
        return _server.Post(call.Protocol switch { ModelProtocol.OpenAiResponses => "v1/responses", ModelProtocol.AnthropicMessages => "v1/messages", _ => "v1/chat/completions" }, call.Body);
    }

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct) => _server.SendAsync(request, ct);

    public ProviderFault Classify(FaultFacts facts)
    {
        // Removed since we looked: it is looked for again.
        if (facts.Status == 404) _pulls.Forget();
        return FaultReading.Of(facts);
    }

    public async Task<IReadOnlyList<string>?> ListModelsAsync(CancellationToken ct) => ModelServer.Names(await _server.GetAsync("api/tags", ct), "models", "name");

    /// <summary>Models that are in memory now, and answer at once.</summary>
    public async Task<IReadOnlyList<string>> ListLoadedAsync(CancellationToken ct) => ModelServer.Names(await _server.GetAsync("api/ps", ct), "models", "name");

    public Task<ProviderFault?> PrepareAsync(string model, CancellationToken ct) => _pulls.PrepareAsync(_server, model, ListModelsAsync, ct);

    public void Dispose()
    {
        _pulls.Dispose();
        _server.Dispose();
    }
}

public sealed class OllamaKind : IProviderKind
{
    private const int Port = 11434;

    public string Kind => "ollama";
    public string? DefaultServer => "http://127.0.0.1:11434";
    public string? KeyVariable => null;
    public string? ServerVariable => "OLLAMA_HOST";
    public IReadOnlyList<string> ExtraSettings => ["pull", "pullMinutes"];

    // As Ollama reads its own variable: host, host:port or an address; a server that listens everywhere is asked here.
    public Uri? ReadServer(string text)
    {
        text = text.Trim().Trim('"', '\'');
        var bare = !text.Contains("://", StringComparison.Ordinal);
        if (!Uri.TryCreate(bare ? $"http://{text}" : text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0) return null;
        var address = new UriBuilder(uri);
        if (bare && uri.IsDefaultPort) address.Port = Port;
        if (uri.Host is "0.0.0.0" or "[::]") address.Host = "127.0.0.1";
        return address.Uri;
    }

    public IEnumerable<string> Validate(ProviderSettings settings)
    {
        if (settings.Setting("pull") is not (null or "true" or "false")) yield return $"pull of the provider {settings.Name} is true or false.";
        if (settings.Setting("pullMinutes") is { } minutes && !(int.TryParse(minutes, out var number) && number is > 0 and <= 1440)) yield return $"pullMinutes of the provider {settings.Name} is 1 to 1440.";
    }

    public IModelProvider Create(ProviderSettings settings) => new OllamaProvider(settings);
}

public static class AddOllamaKind
{
    public static ProviderKinds AddOllama(this ProviderKinds kinds) => kinds.Add(new OllamaKind());
}
