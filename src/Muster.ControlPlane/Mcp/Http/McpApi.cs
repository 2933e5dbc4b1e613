using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Muster.Contracts;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Mcp.Http;

/// <summary><c>/mcp</c>: the Model Context Protocol over streamable HTTP.</summary>
internal sealed class McpApi(McpOffer offered, McpSessions sessions, McpOrigins origins, McpLimits limits, InnerPipeline pipeline, ILoggerFactory log, IServiceProvider services)
{
    private const string EventStream = "text/event-stream";
    private static readonly JsonTypeInfo<JsonRpcMessage> MessageType = (JsonTypeInfo<JsonRpcMessage>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage));

    public async Task PostAsync(HttpContext http)
    {
        origins.Require(http);
        if (!Accepts(http, "application/json") || !Accepts(http, EventStream))
        {
            await RefuseAsync(http, 406, "Accept both application/json and text/event-stream.");
            return;
        }

        if (await ReadAsync(http) is not { } message) return;
        var version = http.Request.Headers[McpHeaders.Version].ToString().Trim();
        if (string.CompareOrdinal(version, McpHeaders.Stateless) >= 0 || McpHeaders.VersionIn(message) is not null) await AloneAsync(http, message, version);
        else await InSessionAsync(http, message, version);
    }

    public async Task GetAsync(HttpContext http)
    {
        origins.Require(http);
        if (!Accepts(http, EventStream))
        {
            await RefuseAsync(http, 406, "Accept text/event-stream.");
            return;
        }

        if (await SessionAsync(http) is not { } session) return;
        using var used = session.Use();
        if (http.Request.Headers[McpHeaders.LastEvent].ToString() is { Length: > 0 } last)
        {
            await ResumeAsync(http, session, last);
            return;
        }

        if (!session.TryListen())
        {
            await RefuseAsync(http, 409, "This session has its stream already.");
            return;
        }

        try
        {
            BeginStream(http);
            await session.Transport.HandleGetRequestAsync(http.Response.Body, http.RequestAborted);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // That is how such a stream ends.
        }
        finally
        {
            session.Unlisten();
        }
    }

    public async Task DeleteAsync(HttpContext http)
    {
        origins.Require(http);
        if (await SessionAsync(http) is not { } session) return;
        await sessions.CloseAsync(session);
        http.Response.StatusCode = 204;
    }

    /// <summary>A message that stands by itself: no session, nothing remembered.</summary>
    private async Task AloneAsync(HttpContext http, JsonRpcMessage message, string version)
    {
        if (McpHeaders.Mismatch(http.Request.Headers, message, offered.Made()) is { } mismatch)
        {
            await RefuseAsync(http, 400, mismatch, (int)McpErrorCode.HeaderMismatch, message);
            return;
        }

        message.Context!.ProtocolVersion = version;
        await using var transport = new StreamableHttpServerTransport(log) { Stateless = true };
        await using var server = McpServer.Create(transport, offered.Made(), log, services);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        var running = server.RunAsync(ending.Token);
        try
        {
            await CarryAsync(http, transport, message);
        }
        finally
        {
            await ending.CancelAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task InSessionAsync(HttpContext http, JsonRpcMessage message, string version)
    {
        if (version.Length > 0 && !PlaneMcp.Versions.Contains(version))
        {
            await RefuseAsync(http, 400, $"The revision '{Refusal.Shorten(version)}' is not served. Served are {string.Join(", ", PlaneMcp.Versions)}.", message: message);
            return;
        }

        var begins = message is JsonRpcRequest { Method: RequestMethods.Initialize } && !http.Request.Headers.ContainsKey(McpHeaders.Session);
        var session = begins ? await sessions.OpenAsync(http.Principal().TokenId) : await SessionAsync(http, message);
        if (session is null) return;
        using var used = session.Use();
        http.Response.Headers[McpHeaders.Session] = session.Id;
        await CarryAsync(http, session.Transport, message);
    }

    private static async Task CarryAsync(HttpContext http, StreamableHttpServerTransport transport, JsonRpcMessage message)
    {
        BeginStream(http);
        bool answered;
        try
        {
            answered = await transport.HandlePostRequestAsync(message, http.Response.Body, first =>
            {
                if (!http.Response.HasStarted && first is JsonRpcError error) http.Response.StatusCode = StatusOf(error);
                return ValueTask.CompletedTask;
            }, http.RequestAborted);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        if (answered || http.Response.HasStarted) return;
        http.Response.Headers.ContentType = default;
        http.Response.StatusCode = 202;
    }

    // As the revision without sessions says; before, an error of the protocol is an answer like any other.
    private static int StatusOf(JsonRpcError error) => (McpErrorCode)error.Error.Code switch
    {
        McpErrorCode.MethodNotFound => 404,
        McpErrorCode.UnsupportedProtocolVersion or McpErrorCode.MissingRequiredClientCapability or McpErrorCode.HeaderMismatch or McpErrorCode.InvalidRequest or McpErrorCode.ParseError => 400,
        McpErrorCode.InvalidParams => 400,
        _ => 200,
    };

    private async Task ResumeAsync(HttpContext http, McpSession session, string last)
    {
        if (await session.Transport.EventStreamStore!.GetStreamReaderAsync(last, http.RequestAborted) is not { } kept)
        {
            await RefuseAsync(http, 400, "What followed is not kept any more; ask again.");
            return;
        }

        BeginStream(http);
        await http.Response.Body.FlushAsync(http.RequestAborted);
        await SseWriter.WriteAsync(kept.ReadEventsAsync(http.RequestAborted), http.Response.Body, http.RequestAborted);
    }

    private async Task<McpSession?> SessionAsync(HttpContext http, JsonRpcMessage? message = null)
    {
        var id = http.Request.Headers[McpHeaders.Session].ToString();
        if (id.Length == 0)
        {
            await RefuseAsync(http, 400, $"Begin with 'initialize', then send its {McpHeaders.Session} with every request; or speak {McpHeaders.Stateless}, which has no sessions.", message: message);
            return null;
        }

        if (sessions.Find(id, http.Principal().TokenId) is { } session) return session;
        await RefuseAsync(http, 404, "There is no such session; it ended, or is another token's. Begin again with 'initialize'.", -32001, message);
        return null;
    }

    private async Task<JsonRpcMessage?> ReadAsync(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = limits.MessageBytes;
        try
        {
            if (await JsonSerializer.DeserializeAsync(http.Request.Body, MessageType, http.RequestAborted) is { } message)
            {
                message.Context = new JsonRpcMessageContext { Items = new Dictionary<string, object?>(StringComparer.Ordinal) };
                Caller.Set(message.Context.Items, new InnerCalls(pipeline, new InnerCaller(http.Principal(), http.Connection.RemoteIpAddress), Leases.Header(http)));
                return message;
            }
        }
        catch (JsonException)
        {
            // Said below, as the protocol has it.
        }

        await RefuseAsync(http, 400, "The body is no JSON-RPC message.", (int)McpErrorCode.ParseError);
        return null;
    }

    private static Task RefuseAsync(HttpContext http, int status, string text, int code = -32000, JsonRpcMessage? message = null)
    {
        var error = new JsonRpcError { Id = message is JsonRpcMessageWithId { Id: var id } ? id : default, Error = new JsonRpcErrorDetail { Code = code, Message = text } };
        http.Response.StatusCode = status;
        return http.Response.WriteAsJsonAsync<JsonRpcMessage>(error, MessageType, "application/json", http.RequestAborted);
    }

    private static void BeginStream(HttpContext http)
    {
        http.Response.ContentType = EventStream;
        http.Response.Headers.CacheControl = "no-cache, no-store";
        // Proxies hold back streams unless told otherwise.
        http.Response.Headers["X-Accel-Buffering"] = "no";
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
    }

    private static bool Accepts(HttpContext http, string type) =>
        http.Request.GetTypedHeaders().Accept.Any(accept => accept.MatchesMediaType(type));
}
