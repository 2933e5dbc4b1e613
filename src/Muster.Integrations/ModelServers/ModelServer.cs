using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;

namespace Muster.Integrations.ModelServers;

/// <summary>What the providers of models share on the wire: pooled connections, no redirects that would take the key elsewhere, bounded answers.</summary>
internal sealed class ModelServer : IDisposable
{
    private const int LargestList = 16 * 1024 * 1024;
    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(5);
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly HttpClient _http;
    private readonly ProviderSettings _settings;
    private readonly Action<HttpRequestHeaders, string> _sign;

    /// <param name="settings">Where it is, and its key.</param>
    /// <param name="sign">Adds the key; as a bearer token when left out.</param>
    public ModelServer(ProviderSettings settings, Action<HttpRequestHeaders, string>? sign = null)
    {
        _settings = settings;
        _sign = sign ?? ((headers, key) => headers.Authorization = new AuthenticationHeaderValue("Bearer", key));
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = !settings.Server.IsLoopback,
            ConnectTimeout = ConnectTime,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        })
        {
            // Each call has its own times.
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public Uri Url(string path) => new($"{_settings.Server.AbsoluteUri.TrimEnd('/')}/{path.TrimStart('/')}");

    public HttpRequestMessage Post(string path, JsonObject body)
    {
        var bytes = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(bytes, Plain)) body.WriteTo(writer);
        var request = new HttpRequestMessage(HttpMethod.Post, Url(path)) { Content = new ReadOnlyMemoryContent(bytes.WrittenMemory) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        Sign(request);
        return request;
    }

    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct)
    {
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        }
        catch (OperationCanceledException error) when (!ct.IsCancellationRequested)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, $"no connection within {ConnectTime.TotalSeconds:0} s", error);
        }
    }

    /// <exception cref="ProviderException">It did not answer, or not with JSON.</exception>
    public async Task<JsonElement> GetAsync(string path, CancellationToken ct, Action<HttpRequestHeaders>? more = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Url(path));
        Sign(request);
        more?.Invoke(request.Headers);
        return await ReadAsync(request, ct);
    }

    /// <exception cref="ProviderException">It did not answer, or does not take the key.</exception>
    public async Task CheckAsync(string path, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Url(path));
        Sign(request);
        try
        {
            using var response = await SendAsync(request, ct);
            Require(response);
        }
        catch (HttpRequestException error)
        {
            throw Silent(error);
        }
    }

    /// <exception cref="ProviderException">It did not answer, or not with JSON.</exception>
    public async Task<JsonElement> ReadAsync(HttpRequestMessage request, CancellationToken ct)
    {
        try
        {
            using var response = await SendAsync(request, ct);
            Require(response);
            await response.Content.LoadIntoBufferAsync(LargestList, ct);
            await using var stream = await response.Content.ReadAsStreamAsync(ct);
            using var document = await JsonDocument.ParseAsync(stream, cancellationToken: ct);
            return document.RootElement.Clone();
        }
        catch (Exception error) when (error is HttpRequestException or IOException or JsonException)
        {
            throw Silent(error);
        }
    }

    /// <summary>Names in a list as most providers give it: <c>{"data":[{"id":...}]}</c>.</summary>
    public static IReadOnlyList<string> Names(JsonElement list, string array = "data", string name = "id") =>
        list.ValueKind == JsonValueKind.Object && list.TryGetProperty(array, out var entries) && entries.ValueKind == JsonValueKind.Array
            ? [.. entries.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.Object && e.TryGetProperty(name, out var id) ? id.ToString() : "").Where(n => n.Length > 0)]
            : [];

    /// <summary>Passes the caller's headers on, those that the provider knows.</summary>
    public static void Pass(HttpRequestMessage request, ProviderCall call, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (call.Headers.TryGetValue(name, out var value)) request.Headers.TryAddWithoutValidation(name, value);
    }

    public void Dispose() => _http.Dispose();

    private void Require(HttpResponseMessage response)
    {
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) throw new ProviderException($"{_settings.Name} does not take the key.");
        if (!response.IsSuccessStatusCode) throw new ProviderException($"{_settings.Name} answered {(int)response.StatusCode}.");
    }

    private ProviderException Silent(Exception error) => new($"{_settings.Name} at {_settings.Server.Authority} does not answer: {error.Message}", error);

    private void Sign(HttpRequestMessage request)
    {
        if (_settings.Key is { } key) _sign(request.Headers, key);
    }
}
