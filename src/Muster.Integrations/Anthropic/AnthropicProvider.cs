using System.Net.Http.Headers;
using System.Text.Json;
using Muster.ControlPlane.Models.Calling;
using Muster.Integrations.ModelServers;

namespace Muster.Integrations.Anthropic;

/// <summary>
/// Anthropic. Its vendor moves from one way of signing in to another and from version to version, so both are settings:
/// <c>auth</c> (<c>x-api-key</c>, <c>bearer</c>) and <c>version</c>.
/// </summary>
internal sealed class AnthropicProvider(ProviderSettings settings) : IModelProvider, IDisposable
{
    public const string DefaultVersion = "2023-06-01";

    private readonly string _version = settings.Setting("version") ?? DefaultVersion;
    private readonly ModelServer _server = new(settings, settings.Setting("auth") == "bearer" ? null : (headers, key) => headers.TryAddWithoutValidation("x-api-key", key));

    public string Name => settings.Name;

    public IReadOnlyList<ModelProtocol> Protocols { get; } = [ModelProtocol.AnthropicMessages];

    public ProviderTimes Times => settings.Times;

    public HttpRequestMessage Make(ProviderCall call) => Make(call, "v1/messages");

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct) => _server.SendAsync(request, ct);

    public ProviderFault Classify(FaultFacts facts) => FaultReading.Of(facts);

    public async Task<IReadOnlyList<string>?> ListModelsAsync(CancellationToken ct) => ModelServer.Names(await _server.GetAsync("v1/models?limit=1000", ct, Version));

    public async Task<long?> CountTokensAsync(ProviderCall call, CancellationToken ct)
    {
        foreach (var name in (string[])["max_tokens", "stream", "metadata", "temperature", "top_p", "top_k", "stop_sequences", "service_tier"]) call.Body.Remove(name);
        using var request = Make(call, "v1/messages/count_tokens");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromSeconds(10));
        try
        {
            var counted = await _server.ReadAsync(request, limit.Token);
            return counted.TryGetProperty("input_tokens", out var tokens) && tokens.TryGetInt64(out var number) ? number : null;
        }
        catch (Exception error) when (error is ProviderException or InvalidOperationException || (error is OperationCanceledException && !ct.IsCancellationRequested))
        {
            // An estimate serves as well; the call itself will find out what is wrong.
            return null;
        }
    }

    public void Dispose() => _server.Dispose();

    private HttpRequestMessage Make(ProviderCall call, string path)
    {
        var request = _server.Post(path, call.Body);
        Version(request.Headers);
        ModelServer.Pass(request, call, "anthropic-beta");
        return request;
    }

    private void Version(HttpRequestHeaders headers) => headers.TryAddWithoutValidation("anthropic-version", _version);
}

public sealed class AnthropicKind : IProviderKind
{
    public string Kind => "anthropic";
    public string? DefaultServer => "https://api.anthropic.com";
    public string? KeyVariable => "ANTHROPIC_API_KEY";
    public IReadOnlyList<string> ExtraSettings => ["version", "auth"];

    public IEnumerable<string> Validate(ProviderSettings settings)
    {
        if (settings.Setting("auth") is not (null or "x-api-key" or "bearer")) yield return $"auth of the provider {settings.Name} is x-api-key or bearer.";
        if (settings.Protocols.Any(p => p != ModelProtocol.AnthropicMessages)) yield return $"The provider {settings.Name} speaks messages only: leave protocols out, or use the kind openai for another server.";
    }

    public IModelProvider Create(ProviderSettings settings) => new AnthropicProvider(settings);
}

public static class AddAnthropicKind
{
    public static ProviderKinds AddAnthropic(this ProviderKinds kinds) => kinds.Add(new AnthropicKind());
}
