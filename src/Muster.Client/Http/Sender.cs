using System.Net.Http.Headers;
using System.Text.Json;
using Muster.Contracts;

namespace Muster.Client.Http;

/// <summary>Sends one call, again where that is safe, and turns what goes wrong into the SDK's exceptions.</summary>
internal sealed class Sender(HttpClient http, MusterClientOptions options)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);
    private readonly string _base = options.Server.GetLeftPart(UriPartial.Path).TrimEnd('/');

    public static Func<HttpContent?> Json(object? body)
    {
        if (body is null)
            return static () => null;
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body, body.GetType(), Wire.Json);
        return () => new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
    }

    public Task<T> SendAsync<T>(
        HttpMethod method, string path, Func<HttpContent?> content, CallOptions? call, CancellationToken ct, int alsoAccept = 0) =>
        SendAsync(method, path, content, call, (response, token) => Bodies.ReadJsonAsync<T>(response, options.MaxAnswerBytes, token), ct, alsoAccept);

    public async Task<T> SendAsync<T>(
        HttpMethod method,
        string path,
        Func<HttpContent?> content,
        CallOptions? call,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        CancellationToken ct,
        int alsoAccept = 0)
    {
        var key = method == HttpMethod.Get ? null : call?.IdempotencyKey ?? Guid.NewGuid().ToString("N");
        var retries = call?.MaxRetries ?? options.MaxRetries;
        for (var attempt = 0; ; attempt++)
        {
            TimeSpan? asked = null;
            try
            {
                return await TryAsync(method, path, content(), key, call, read, alsoAccept, ct);
            }
            catch (MusterException e) when (attempt < retries && e.StatusCode is 429 or 502 or 503 or 504)
            {
                asked = e.RetryAfter;
            }
            catch (PlaneUnreachableException) when (attempt < retries)
            {
                // The plane may have carried the call out: the same key makes it answer as it did then.
            }
            await Task.Delay(Backoff.Delay(attempt, FirstDelay, MaxDelay, asked), options.TimeProvider, ct);
        }
    }

    /// <summary>One try, on this thread. Null when anything is not as it should be: sent in the other way, it is done again or explained.</summary>
    public JsonDocument? TryRead(string path, int alsoAccept, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(options.Timeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, _base + path);
            using var response = http.Send(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (!response.IsSuccessStatusCode && (int)response.StatusCode != alsoAccept)
                return null;
            using var body = response.Content.ReadAsStream(limit.Token);
            return Bodies.TryRead(body, options.MaxAnswerBytes) is { } whole ? JsonDocument.Parse(whole) : null;
        }
        catch (Exception e) when (!ct.IsCancellationRequested && e is HttpRequestException or IOException or JsonException or OperationCanceledException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>One try whose answer is handed over unread; the caller disposes it. Not bounded in time after the headers.</summary>
    public async Task<HttpResponseMessage> OpenAsync(string path, string accept, Action<HttpRequestMessage>? prepare, CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(options.Timeout, options.TimeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, _base + path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        prepare?.Invoke(request);
        HttpResponseMessage? response = null;
        try
        {
            response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, linked.Token);
            await ThrowIfRefusedAsync(response, linked.Token);
            return response;
        }
        catch (Exception e) when (IsUnreachable(e, ct))
        {
            response?.Dispose();
            throw Unreachable(e, options.Timeout);
        }
        catch
        {
            response?.Dispose();
            throw;
        }
    }

    private async Task<T> TryAsync<T>(
        HttpMethod method,
        string path,
        HttpContent? content,
        string? key,
        CallOptions? call,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        int alsoAccept,
        CancellationToken ct)
    {
        var limit = call?.Timeout ?? options.Timeout;
        using var timeout = new CancellationTokenSource(limit, options.TimeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        using var request = new HttpRequestMessage(method, _base + path) { Content = content };
        if (key is not null)
            request.Headers.TryAddWithoutValidation(Wire.IdempotencyHeader, key);
        if (call?.Lease is { } lease)
            request.Headers.TryAddWithoutValidation(Wire.LeaseHeader, lease);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, linked.Token);
            if ((int)response.StatusCode != alsoAccept)
                await ThrowIfRefusedAsync(response, linked.Token);
            return await read(response, linked.Token);
        }
        catch (Exception e) when (IsUnreachable(e, ct))
        {
            throw Unreachable(e, limit);
        }
    }

    private async Task ThrowIfRefusedAsync(HttpResponseMessage response, CancellationToken ct)
    {
        if (response.IsSuccessStatusCode)
            return;
        var problem = await Bodies.ReadProblemAsync(response, ct);
        throw MusterException.From(problem, RetryAfter(response));
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - options.TimeProvider.GetUtcNow(),
        _ => null,
    };

    private static bool IsUnreachable(Exception e, CancellationToken ct) =>
        e is OperationCanceledException or IOException or HttpRequestException && !ct.IsCancellationRequested;

    private PlaneUnreachableException Unreachable(Exception e, TimeSpan limit) =>
        new(options.Server, e is OperationCanceledException ? $"no answer within {limit.TotalSeconds:0.#} s." : Sentence(e.Message), e);

    private static string Sentence(string text) => text.EndsWith('.') ? text : text + ".";
}
