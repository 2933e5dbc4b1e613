using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Muster.Runner.Processes;

namespace Muster.Runner.Mcp;

/// <summary>A connection to a server that is running for it alone, or to one at an address. Everything that comes over it is bounded in size and time.</summary>
internal sealed class McpConnection : IAsyncDisposable
{
    private const int MostOfALine = 8 * 1024 * 1024;
    private const int MostTools = 500;
    private const int MostListCharacters = 2_000_000;
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(45);

    private readonly McpClient _client;
    private readonly ServerProcess? _process;
    private readonly HttpClient? _http;
    private int _changed;

    private McpConnection(McpClient client, ServerProcess? process, HttpClient? http)
    {
        (_client, _process, _http) = (client, process, http);
        client.RegisterNotificationHandler(NotificationMethods.ToolListChangedNotification, (_, _) =>
        {
            Interlocked.Exchange(ref _changed, 1);
            return default;
        });
    }

    /// <summary>Whether the server said, since last asked, that its tools are others now.</summary>
    public bool TakeChanged() => Interlocked.Exchange(ref _changed, 0) == 1;

    /// <exception cref="McpSetupException">It cannot be had; the message says why and holds no secret.</exception>
    public static async Task<McpConnection> OpenAsync(McpServer server, McpSecrets secrets, string folder, string marker, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(StartTime);
        ServerProcess? process = null;
        HttpClient? http = null;
        try
        {
            IClientTransport transport;
            if (server.Command is { } command)
            {
                process = ServerProcess.Start([.. command.Select(secrets.Fill)], server.Environment.ToDictionary(pair => pair.Key, pair => secrets.Fill(pair.Value), StringComparer.Ordinal), folder, marker);
                transport = new StreamClientTransport(process.Input, new BoundedStream(process.Output, MostOfALine, long.MaxValue), NullLoggerFactory.Instance);
            }
            else
            {
                // A redirect would carry the secrets in the headers to whatever address an answer names.
                http = new HttpClient(new BoundedHandler(MostOfALine)) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
                transport = new HttpClientTransport(
                    new HttpClientTransportOptions
                    {
                        Endpoint = server.Url!,
                        TransportMode = HttpTransportMode.StreamableHttp,
                        AdditionalHeaders = server.Headers.ToDictionary(pair => pair.Key, pair => secrets.Fill(pair.Value), StringComparer.Ordinal),
                        Name = server.Name,
                    }, http);
            }

            // No model, no person and no folder of ours is at a server's disposal.
            var client = await McpClient.CreateAsync(transport, new McpClientOptions { ClientInfo = new Implementation { Name = "muster", Version = Client.MusterClient.Version }, InitializationTimeout = StartTime }, NullLoggerFactory.Instance, limit.Token);
            return new McpConnection(client, process, http);
        }
        catch (Exception error) when (error is not McpSetupException && !cancellation.IsCancellationRequested)
        {
            var said = process?.LastWords is { Length: > 0 } words ? $" It said: {words}" : "";
            if (process is not null) await process.DisposeAsync();
            http?.Dispose();
            var why = error is OperationCanceledException or TimeoutException ? $"it did not answer in {StartTime.TotalSeconds:0} s" : error.Message;
            throw new McpSetupException(secrets.Redact($"{server} cannot be used: {why}.{said}"), error);
        }
        catch
        {
            if (process is not null) await process.DisposeAsync();
            http?.Dispose();
            throw;
        }
    }

    /// <summary>The tools it has now.</summary>
    public async Task<IReadOnlyList<PinnedTool>> ListAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(StartTime);
        List<PinnedTool> all = [];
        var characters = 0;
        string? cursor = null;
        do
        {
            var page = await _client.ListToolsAsync(new ListToolsRequestParams { Cursor = cursor }, limit.Token);
            foreach (var tool in page.Tools)
            {
                characters += tool.Name.Length + (tool.Description?.Length ?? 0) + tool.InputSchema.GetRawText().Length;
                all.Add(new PinnedTool { Name = tool.Name, Description = tool.Description ?? "", InputSchema = tool.InputSchema.Clone() });
            }

            // A cursor that never ends is a way to keep us busy.
            if (all.Count > MostTools || characters > MostListCharacters) throw new IOException($"The server lists more than {MostTools} tools, or says more of them than anybody would read.");
            cursor = page.NextCursor == cursor ? null : page.NextCursor;
        }
        while (cursor is not null);
        return all;
    }

    public async Task<CallToolResult> CallAsync(string tool, JsonElement arguments, TimeSpan timeout, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(timeout);
        var given = arguments.ValueKind == JsonValueKind.Object ? arguments.EnumerateObject().ToDictionary(argument => argument.Name, argument => argument.Value, StringComparer.Ordinal) : [];
        return await _client.CallToolAsync(new CallToolRequestParams { Name = tool, Arguments = given }, limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        // The program first: one that hangs would keep a polite goodbye waiting.
        if (_process is not null) await _process.DisposeAsync();
        await _client.DisposeAsync();
        _http?.Dispose();
    }

    private sealed class BoundedHandler(int mostOfALine) : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(10) })
    {
        private const long MostOfAnAnswer = 64L * 1024 * 1024;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            var content = new StreamContent(new BoundedStream(await response.Content.ReadAsStreamAsync(cancellationToken), mostOfALine, MostOfAnAnswer));
            foreach (var header in response.Content.Headers) content.Headers.TryAddWithoutValidation(header.Key, header.Value);
            response.Content = content;
            return response;
        }
    }
}
