using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Muster.Contracts.Fleet;
using Muster.Runner.Builtin;
using Muster.Runner.Executors;

namespace Muster.Runner.Mcp;

/// <summary>
/// The approved tools of an attempt for a program of others: one server on a port of loopback, with a key that is worth nothing
/// elsewhere or later. So such a program gets no secret, no server that nobody approved, no list that changed, and bounded answers.
/// </summary>
public sealed class McpRelay : IAsyncDisposable
{
    private const int MostBytes = 4 * 1024 * 1024;
    private static readonly JsonTypeInfo<JsonRpcMessage> MessageType = (JsonTypeInfo<JsonRpcMessage>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage));

    private readonly WebApplication _app;
    private readonly IReadOnlyList<IToolSession> _sessions;
    private readonly IReadOnlyList<string>? _allowed;
    private readonly McpServerOptions _offered;

    // A session answers one call at a time.
    private readonly SemaphoreSlim _turn = new(1);

    private McpRelay(WebApplication app, IReadOnlyList<IToolSession> sessions, IReadOnlyList<string>? allowed)
    {
        (_app, _sessions, _allowed) = (app, sessions, allowed);
        _offered = new McpServerOptions
        {
            ServerInfo = new Implementation { Name = "muster-tools", Version = Client.MusterClient.Version },
            Capabilities = new ServerCapabilities { Tools = new() },
            ScopeRequests = false,
            Handlers = new McpServerHandlers { ListToolsHandler = (_, ct) => ListAsync(ct), CallToolHandler = CallAsync },
        };
    }

    public Uri Address { get; private set; } = null!;

    /// <summary>A secret, as long as the attempt lasts: the bearer token of <see cref="Address"/>.</summary>
    public string Key { get; } = "muster-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));

    /// <summary>Whether there is any tool; without one there is no need to tell a program of it.</summary>
    public bool IsEmpty => !_sessions.Any(session => Of(session).Any());

    /// <summary>Opens the sources and serves what they have; what is not to be had is told in the attempt's log.</summary>
    public static async Task<McpRelay> StartAsync(IReadOnlyList<IToolSource> sources, Attempt attempt, CancellationToken cancellation)
    {
        List<IToolSession> sessions = [];
        foreach (var source in sources)
        {
            try
            {
                sessions.Add(await source.OpenAsync(attempt, cancellation));
            }
            catch (ToolSourceException missing)
            {
                attempt.Log($"The tools of {source.Name} are not to be had: {missing.Message}");
            }
        }

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MostBytes;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        var app = builder.Build();
        var relay = new McpRelay(app, sessions, attempt.Role?.Tools);
        app.Run(relay.HandleAsync);
        await app.StartAsync(cancellation);
        relay.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/mcp");
        return relay;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        foreach (var session in _sessions) await session.DisposeAsync();
        _turn.Dispose();
    }

    private async Task HandleAsync(HttpContext http)
    {
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(http.Request.Headers.Authorization.ToString()), Encoding.UTF8.GetBytes($"Bearer {Key}")))
        {
            http.Response.StatusCode = 401;
            return;
        }

        // No page in a browser has anything to do here, and nothing is remembered: there is no stream to listen to and no session to end.
        if (http.Request.Method != HttpMethods.Post || http.Request.Headers.Origin.Count > 0)
        {
            http.Response.StatusCode = 405;
            return;
        }

        JsonRpcMessage? message;
        try
        {
            message = await JsonSerializer.DeserializeAsync(http.Request.Body, MessageType, http.RequestAborted);
        }
        catch (JsonException)
        {
            message = null;
        }

        if (message is null)
        {
            http.Response.StatusCode = 400;
            return;
        }

        message.Context = new JsonRpcMessageContext { ProtocolVersion = http.Request.Headers["MCP-Protocol-Version"].ToString() is { Length: > 0 } version ? version : null };
        await using var transport = new StreamableHttpServerTransport { Stateless = true };
        await using var server = ModelContextProtocol.Server.McpServer.Create(transport, _offered);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        var running = server.RunAsync(ending.Token);
        try
        {
            http.Response.ContentType = "text/event-stream";
            http.Response.Headers.CacheControl = "no-cache, no-store";
            if (await transport.HandlePostRequestAsync(message, http.Response.Body, http.RequestAborted) || http.Response.HasStarted) return;
            http.Response.Headers.ContentType = default;
            http.Response.StatusCode = 202;
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The program left.
        }
        finally
        {
            await ending.CancelAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private IEnumerable<ToolDeclaration> Of(IToolSession session) => session.Tools.Where(tool => RoleTools.Allow(_allowed, tool.Name));

    private async ValueTask<ListToolsResult> ListAsync(CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            foreach (var session in _sessions) await session.RefreshAsync(ct);
            return new ListToolsResult { Tools = [.. _sessions.SelectMany(Of).DistinctBy(tool => tool.Name).Select(tool => new Tool { Name = tool.Name, Description = tool.Description, InputSchema = tool.InputSchema })] };
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Where a tool is; asked once more when a program knows a name that nobody has, as it may be newer than the list.</summary>
    private async Task<IToolSession?> FindAsync(string name, CancellationToken ct)
    {
        IToolSession? Find() => _sessions.FirstOrDefault(session => Of(session).Any(tool => tool.Name == name));
        if (Find() is { } there) return there;
        foreach (var session in _sessions) await session.RefreshAsync(ct);
        return Find();
    }

    private async ValueTask<CallToolResult> CallAsync(RequestContext<CallToolRequestParams> request, CancellationToken ct)
    {
        var arguments = JsonSerializer.SerializeToElement(request.Params?.Arguments ?? new Dictionary<string, JsonElement>(StringComparer.Ordinal));
        await _turn.WaitAsync(ct);
        try
        {
            var name = request.Params?.Name ?? "";
            var result = await FindAsync(name, ct) is { } session ? await session.CallAsync(name, arguments, ct) : new ToolResult($"There is no tool '{name}'.", Failed: true);
            return new CallToolResult { IsError = result.Failed, Content = [new TextContentBlock { Text = result.Text }] };
        }
        finally
        {
            _turn.Release();
        }
    }
}
