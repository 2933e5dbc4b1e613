using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Muster.Runner.Executors;

namespace Muster.Runner.Builtin.Chat;

/// <summary>
/// Asks the plane's model gateway in the OpenAI chat completions protocol, streamed. Speaks to that one server only, follows no
/// redirect, and asks once: whether to ask again is <see cref="PatientModel"/>'s business.
/// </summary>
internal sealed class GatewayChatClient : IChatClient
{
    private const long MaxAnswerBytes = 16 * 1024 * 1024;
    private const int MaxErrorBytes = 64 * 1024;

    private readonly HttpClient _http;
    private readonly ModelAccess _access;
    private readonly TimeSpan _silence;
    private readonly TimeProvider _time;

    public GatewayChatClient(ModelAccess access, TimeSpan silence, TimeProvider time)
    {
        (_access, _silence, _time) = (access, silence, time);
        // A proxy in the environment is for the world outside; it would be given the key.
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = !access.Server.IsLoopback, ConnectTimeout = TimeSpan.FromSeconds(10) };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    /// <exception cref="GatewayException">No answer, or not all of it.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var response = await SendAsync(ChatRequest.Write(messages, options), cancellationToken);
        await using var body = new LimitedStream(await response.Content.ReadAsStreamAsync(cancellationToken), MaxAnswerBytes, _silence, _time);
        var answer = new ChatAnswer();
        await using var chunks = ChunksAsync(response, body, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(chunks))
        {
            foreach (var update in answer.Add(chunks.Current)) yield return update;
        }

        if (!answer.Finished) throw new GatewayException(GatewayFailure.Broken, "the answer broke off");
        foreach (var call in answer.Calls()) yield return new ChatResponseUpdate(ChatRole.Assistant, [call]);
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(byte[] content, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_access.OpenAi.AbsoluteUri.TrimEnd('/') + "/chat/completions"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _access.Key);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        request.Content = new ByteArrayContent(content) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using var quiet = new CancellationTokenSource(_silence, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, quiet.Token);
        HttpResponseMessage? response = null;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (response.IsSuccessStatusCode) return response;
            throw ChatProblem.From(response, await ReadErrorAsync(response, either.Token));
        }
        catch (Exception error)
        {
            response?.Dispose();
            if (error is OperationCanceledException && !cancellation.IsCancellationRequested) throw new GatewayException(GatewayFailure.Broken, $"no answer within {_silence.TotalSeconds:0} s", error);
            if (error is HttpRequestException or IOException) throw new GatewayException(GatewayFailure.Broken, $"the gateway cannot be reached: {error.Message}", error);
            throw;
        }
    }

    private static async Task<string> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var buffer = new byte[MaxErrorBytes];
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var read = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        return Encoding.UTF8.GetString(buffer, 0, read);
    }

    private static async IAsyncEnumerable<JsonElement> ChunksAsync(HttpResponseMessage response, Stream body, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // Some servers answer in one piece whatever they are asked.
        if (response.Content.Headers.ContentType?.MediaType == "application/json")
        {
            using var whole = await JsonDocument.ParseAsync(body, cancellationToken: cancellation);
            yield return whole.RootElement.Clone();
            yield break;
        }

        await foreach (var item in SseParser.Create(body).EnumerateAsync(cancellation))
        {
            if (item.Data == "[DONE]") yield break;
            if (item.Data.Length == 0) continue;
            using var chunk = JsonDocument.Parse(item.Data);
            yield return chunk.RootElement.Clone();
        }
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<JsonElement> chunks)
    {
        try
        {
            return await chunks.MoveNextAsync();
        }
        catch (JsonException error)
        {
            throw new GatewayException(GatewayFailure.Broken, $"the answer cannot be read: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            throw new GatewayException(GatewayFailure.Broken, "the answer broke off", error);
        }
    }
}
