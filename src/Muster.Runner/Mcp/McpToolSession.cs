using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelContextProtocol.Protocol;
using Muster.Runner.Builtin;
using Muster.Runner.Executors;

namespace Muster.Runner.Mcp;

/// <summary>
/// The approved tools during one attempt. A server is started at the first call of one of its tools and asked what it has; when that
/// is not what was approved, none of it is used. A failure of any kind is an answer for the model.
/// </summary>
internal sealed class McpToolSession : IToolSession
{
    private const int MostDescription = 2_000;

    private readonly Attempt _attempt;
    private readonly McpSecrets _secrets;
    private readonly Dictionary<string, (McpServer Server, string Tool)> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, McpPin> _pins;
    private readonly Dictionary<string, Started> _started = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _starting = new(1);

    public McpToolSession(Attempt attempt, IReadOnlyList<McpServer> servers, Dictionary<string, McpPin> pins, McpSecrets secrets)
    {
        (_attempt, _pins, _secrets) = (attempt, pins, secrets);
        List<ToolDeclaration> tools = [];
        foreach (var server in servers)
        {
            foreach (var tool in pins[server.Name].Tools.Where(tool => server.Tools is null || server.Tools.Contains(tool.Name, StringComparer.Ordinal)))
            {
                var name = ToolNames.Of(server.Name, tool.Name);
                if (!_byName.TryAdd(name, (server, tool.Name))) continue;
                tools.Add(new ToolDeclaration(name, Describe(server, tool), tool.InputSchema));
            }
        }

        Tools = tools;
    }

    public IReadOnlyList<ToolDeclaration> Tools { get; }

    public async Task<ToolResult> CallAsync(string tool, JsonElement arguments, CancellationToken cancellation)
    {
        if (!_byName.TryGetValue(tool, out var wanted)) return new ToolResult($"There is no tool '{tool}'.", Failed: true);
        try
        {
            var started = await StartAsync(wanted.Server, cancellation);
            if (started.Refused is { } why) return new ToolResult(why, Failed: true);
            var result = await started.Connection!.CallAsync(wanted.Tool, arguments, wanted.Server.Timeout, cancellation);
            return new ToolResult(Bounded(_secrets.Redact(Text(result))), result.IsError == true);
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            var why = error switch
            {
                OperationCanceledException or TimeoutException => $"It took longer than {wanted.Server.Timeout.TotalSeconds:0} s.",
                McpSetupException => error.Message,
                _ => $"{error.GetType().Name}: {error.Message}",
            };
            // What broke once may be broken: the next call begins with a server of its own.
            if (error is not ModelContextProtocol.McpProtocolException) await EndAsync(wanted.Server.Name);
            return new ToolResult(Bounded(_secrets.Redact($"The tool could not be used. {why}")), Failed: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in _started.Keys.ToList()) await EndAsync(name);
        _starting.Dispose();
    }

    private async Task<Started> StartAsync(McpServer server, CancellationToken cancellation)
    {
        await _starting.WaitAsync(cancellation);
        try
        {
            if (_started.TryGetValue(server.Name, out var known) && (known.Connection is null || !known.Connection.TakeChanged())) return known;
            var connection = known?.Connection ?? await McpConnection.OpenAsync(server, _secrets, _attempt.Scratch, $"{_attempt.Marker}/mcp-{server.Name}", cancellation);
            var started = new Started(connection, null);
            _started[server.Name] = started;
            if (McpPins.HashOf(await connection.ListAsync(cancellation)) == _pins[server.Name].ToolsHash) return started;
            // It may say one thing to whoever approves and another to an agent; from here on it is not asked anything more.
            await connection.DisposeAsync();
            _attempt.Log($"MCP: the tools of {server} are not those that were approved; none of them is used. A person looks at them with: muster mcp approve {server.Name}");
            return _started[server.Name] = new Started(null, $"The tools of the server '{server.Name}' are not those that a person approved. They cannot be used until a person approves them anew; go on without them.");
        }
        finally
        {
            _starting.Release();
        }
    }

    private async Task EndAsync(string server)
    {
        if (_started.Remove(server, out var started) && started.Connection is { } connection) await connection.DisposeAsync();
    }

    private static string Describe(McpServer server, PinnedTool tool)
    {
        var text = $"[{server.Name}] {tool.Description}";
        return text.Length <= MostDescription ? text : text[..MostDescription];
    }

    private static string Text(CallToolResult result)
    {
        var text = new StringBuilder();
        foreach (var block in result.Content)
        {
            if (text.Length > ToolResult.MaxCharacters) break;
            text.Append(block switch
            {
                TextContentBlock said => said.Text,
                ImageContentBlock image => Left("image", image.Data.Length),
                AudioContentBlock audio => Left("sound", audio.Data.Length),
                EmbeddedResourceBlock { Resource: TextResourceContents resource } => $"{resource.Uri}\n{resource.Text}",
                EmbeddedResourceBlock { Resource: BlobResourceContents blob } => $"{blob.Uri}\n{Left("file", blob.Blob.Length)}",
                ResourceLinkBlock link => $"{link.Name}: {link.Uri}",
                _ => Left(block.Type, 0),
            }).Append('\n');
        }

        if (text.Length == 0 && result.StructuredContent is { } structured) text.Append(structured.GetRawText());
        return text.ToString().TrimEnd();

        static string Left(string what, int bytes) => string.Create(CultureInfo.InvariantCulture, $"[{what}, {bytes} bytes, left out]");
    }

    private static string Bounded(string text) =>
        text.Length <= ToolResult.MaxCharacters ? text : string.Concat(text.AsSpan(0, ToolResult.MaxCharacters - 40), "\n[cut: the rest is left out]");

    /// <param name="Connection">Null once it is refused.</param>
    /// <param name="Refused">Why it is not used in this attempt.</param>
    private sealed record Started(McpConnection? Connection, string? Refused);
}
