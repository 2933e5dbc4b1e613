using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Muster.Runner.Executors;

namespace Muster.Runner.Profiles;

/// <summary>The gateway said no. <paramref name="Code"/> is the plane's: <c>budget</c>, <c>provider_down</c>, <c>models_off</c>, <c>lease_lost</c>.</summary>
internal sealed record ModelRefusal(string Code, string Message, TimeSpan? RetryAfter = null);

/// <summary>
/// The way to models that a program of others is given: a port of loopback and a key that is worth nothing elsewhere or later. So the
/// program never holds the lease; a short absence of the plane or of all providers does not end its run; and a refusal that ends the
/// attempt is known by its code, however the program words it.
/// </summary>
internal sealed class ModelRelay : IAsyncDisposable
{
    public const string ProblemHeader = "Muster-Problem";

    private const int MostBytes = 64 * 1024 * 1024;
    private const int MostRefusalCharacters = 2_000;

    private static readonly string[] Paths = ["/llm/openai/", "/llm/anthropic/", "/llm/gemini/"];
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
    private static readonly HashSet<string> Hop = new(["Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Host", "Authorization", "x-api-key", "x-goog-api-key", "Content-Length", "Expect", "Proxy-Connection", "TE", "Trailer"], StringComparer.OrdinalIgnoreCase);

    private readonly WebApplication _app;
    private readonly ModelAccess _gateway;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly CancellationTokenSource _refused = new();
    private readonly CancellationTokenSource _ending = new();

    private ModelRelay(WebApplication app, ModelAccess gateway, TimeSpan patience, TimeProvider time)
    {
        (_app, _gateway, _patience, _time) = (app, gateway, patience, time);
        // A proxy in the environment is for the world outside; it would be given the lease.
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = !gateway.Server.IsLoopback, ConnectTimeout = TimeSpan.FromSeconds(10) };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>For the program.</summary>
    public ModelAccess Access { get; private set; } = null!;

    /// <summary>Why nothing more will come, once it is certain.</summary>
    public ModelRefusal? Refusal { get; private set; }

    /// <summary>Cancelled with <see cref="Refusal"/>.</summary>
    public CancellationToken Refused => _refused.Token;

    /// <param name="gateway">The plane's.</param>
    /// <param name="patience">How long one call waits for a plane or a provider that is away.</param>
    /// <param name="time">Clock of the waiting.</param>
    public static async Task<ModelRelay> StartAsync(ModelAccess gateway, TimeSpan patience, TimeProvider time)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MostBytes;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        var app = builder.Build();
        var relay = new ModelRelay(app, gateway, patience, time);
        app.Run(relay.HandleAsync);
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        relay.Access = new ModelAccess(new Uri(address + "/"), "muster-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)));
        return relay;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _http.Dispose();
        _ending.Dispose();
        _refused.Dispose();
    }

    private async Task HandleAsync(HttpContext http)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, _ending.Token);
        var path = http.Request.Path.Value ?? "";
        if (!IsOurs(http.Request))
        {
            await SayAsync(http, StatusCodes.Status401Unauthorized, "This address is for one attempt's program, with its key.");
            return;
        }

        if (path != "/llm/anthropic" && !Array.Exists(Paths, begin => path.StartsWith(begin, StringComparison.Ordinal)))
        {
            await SayAsync(http, StatusCodes.Status404NotFound, "There are only models here: /llm/openai/v1, /llm/anthropic and /llm/gemini.");
            return;
        }

        try
        {
            var body = await ReadAsync(http.Request, stop.Token);
            using var answer = await AskAsync(http.Request, body, stop.Token);
            if (answer is null) await SayAsync(http, StatusCodes.Status503ServiceUnavailable, "The plane does not answer.");
            else await PassOnAsync(http, answer, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            http.Abort();
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            // What came so far must not look like all of it.
            http.Abort();
        }
    }

    /// <returns>The gateway's answer, whatever it is; null when nothing answers for as long as we have patience.</returns>
    private async Task<HttpResponseMessage?> AskAsync(HttpRequest request, byte[] body, CancellationToken ct)
    {
        var started = _time.GetTimestamp();
        for (var pause = TimeSpan.FromMilliseconds(250); ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var answer = await SendAsync(request, body, ct);
            var down = answer is null || Problem(answer) == "provider_down";
            var wait = answer?.Headers.RetryAfter?.Delta is { } told && told > pause ? told : pause;
            if (!down || _time.GetElapsedTime(started) + wait > _patience) return answer;
            answer?.Dispose();
            await Task.Delay(wait, _time, ct);
        }
    }

    private async Task<HttpResponseMessage?> SendAsync(HttpRequest request, byte[] body, CancellationToken ct)
    {
        var target = new Uri(_gateway.Server, request.Path.ToUriComponent().TrimStart('/') + request.QueryString);
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), target);
        if (body.Length > 0) message.Content = new ByteArrayContent(body);
        foreach (var header in request.Headers.Where(header => !Hop.Contains(header.Key)))
        {
            if (!message.Headers.TryAddWithoutValidation(header.Key, (IEnumerable<string?>)header.Value)) message.Content?.Headers.TryAddWithoutValidation(header.Key, (IEnumerable<string?>)header.Value);
        }

        message.Headers.TryAddWithoutValidation("Authorization", $"Bearer {_gateway.Key}");
        try
        {
            return await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, ct);
        }
        catch (HttpRequestException)
        {
            // Nothing was delivered, so asking again costs nothing: the plane is restarting, or the network is.
            return null;
        }
    }

    private async Task PassOnAsync(HttpContext http, HttpResponseMessage answer, CancellationToken ct)
    {
        http.Response.StatusCode = (int)answer.StatusCode;
        foreach (var header in answer.Headers.Concat(answer.Content.Headers).Where(header => !Hop.Contains(header.Key))) http.Response.Headers[header.Key] = header.Value.ToArray();
        if (Problem(answer) is { } code)
        {
            var body = await answer.Content.ReadAsByteArrayAsync(ct);
            await http.Response.Body.WriteAsync(body, ct);
            await http.Response.CompleteAsync();
            await RefuseAsync(code, body, answer.Headers.RetryAfter?.Delta);
            return;
        }

        if (answer.Content.Headers.ContentLength is { } length) http.Response.ContentLength = length;
        await using var stream = await answer.Content.ReadAsStreamAsync(ct);
        var buffer = new byte[16 * 1024];
        for (int read; (read = await stream.ReadAsync(buffer, ct)) > 0;)
        {
            await http.Response.Body.WriteAsync(buffer.AsMemory(0, read), ct);
            await http.Response.Body.FlushAsync(ct);
        }
    }

    private async Task RefuseAsync(string code, byte[] body, TimeSpan? retryAfter)
    {
        // Only these end the attempt; what is wrong with one request is the program's to mend.
        if (code is not ("budget" or "provider_down" or "models_off" or "lease_lost")) return;
        Refusal ??= new ModelRefusal(code, Message(body), retryAfter);
        await _refused.CancelAsync();
    }

    private static string Message(byte[] body)
    {
        var text = Encoding.UTF8.GetString(body);
        try
        {
            using var json = JsonDocument.Parse(text);
            if (json.RootElement.TryGetProperty("error", out var error) && error.TryGetProperty("message", out var message) && message.GetString() is { Length: > 0 } said) text = said;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Not in a protocol's own words: then the words as they are.
        }

        return text.Length <= MostRefusalCharacters ? text : text[..MostRefusalCharacters];
    }

    private static string? Problem(HttpResponseMessage answer) => answer.Headers.TryGetValues(ProblemHeader, out var values) ? values.FirstOrDefault() : null;

    private bool IsOurs(HttpRequest request)
    {
        var bearer = request.Headers.Authorization.ToString();
        var key = bearer.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? bearer[7..] : request.Headers["x-api-key"].FirstOrDefault() ?? request.Headers["x-goog-api-key"].ToString();
        // Some look whether anybody is there before they show their key; that tells nothing and costs nothing.
        return HttpMethods.IsHead(request.Method) || CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(Access.Key));
    }

    private static async Task<byte[]> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, ct);
        return body.ToArray();
    }

    private static async Task SayAsync(HttpContext http, int status, string message)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(JsonSerializer.Serialize(new { error = new { message, type = "muster" } }));
    }
}
