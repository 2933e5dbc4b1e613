using System.Net.Sockets;
using System.Text.Json;
using ModelContextProtocol.Client;
using Muster.Conformance.Mcp;
using Muster.Runner.Builtin;
using Muster.Runner.Mcp;
using Muster.Runner.Processes;

namespace Muster.Runner.Tests.Mcp;

/// <summary>The reference server of others, over both transports, and programs of others that reach it through the attempt's relay.</summary>
[Trait("req", "A7")]
public sealed class EverythingTests : IDisposable
{
    private readonly McpStage _stage = new();

    [Fact]
    public async Task The_reference_server_is_used_over_standard_input_and_output_once_it_is_approved()
    {
        _stage.Declare($$"""
            servers:
              everything:
                command: ["{{NodeTools.NewNode}}", "{{NodeTools.Everything}}", stdio]
                tools: [echo, get-sum]
            """);
        await _stage.ApproveAsync("everything");
        await using var tools = await _stage.OpenAsync();
        Assert.Equal(["everything__echo", "everything__get-sum"], tools.Tools.Select(tool => tool.Name).Order(StringComparer.Ordinal));
        Assert.Contains("forty-two", (await tools.CallAsync("everything__echo", McpStage.Arguments(new { message = "forty-two" }), CancellationToken.None)).Text, StringComparison.Ordinal);
        Assert.Contains("42", (await tools.CallAsync("everything__get-sum", McpStage.Arguments(new { a = 40, b = 2 }), CancellationToken.None)).Text, StringComparison.Ordinal);
        Assert.True((await tools.CallAsync("everything__get-sum", McpStage.Arguments(new { a = "no number" }), CancellationToken.None)).Failed);
        Assert.True((await tools.CallAsync("everything__get-env", McpStage.Arguments(new { }), CancellationToken.None)).Failed);
    }

    [Fact]
    public async Task The_reference_server_is_used_over_http_and_a_program_of_others_reaches_it_through_the_relay()
    {
        using var probe = new TcpListener(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        var port = ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var ready = new TaskCompletionSource();
        await using var server = ProcessGroup.Start(new ProcessSpec
        {
            FileName = NodeTools.NewNode,
            Arguments = [NodeTools.Everything, "streamableHttp"],
            WorkingDirectory = _stage.Data,
            Environment = ChildEnvironment.Create(null, [new("PORT", $"{port}")]),
            OnLine = line =>
            {
                if (line.Contains("listening", StringComparison.OrdinalIgnoreCase)) ready.TrySetResult();
            },
        });
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(30));
        _stage.Secret("TRACKER", "canary-1234567890");
        _stage.Declare($$"""
            servers:
              web:
                url: http://127.0.0.1:{{port}}/mcp
                headers: { Authorization: "Bearer ${secret:TRACKER}" }
                tools: [echo]
            """);
        await _stage.ApproveAsync("web");
        await using var relay = await McpRelay.StartAsync([new McpToolSource(_stage.Catalog, null)], _stage.Attempt, CancellationToken.None);
        Assert.False(relay.IsEmpty);

        // As Claude Code reads it: the file has the way to the relay and nothing else.
        var file = McpConfigFiles.Write(_stage.Attempt.Scratch, "mcp.json", new McpConfigFiles(relay.Address, relay.Key).ClaudeCode);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.DoesNotContain("canary", File.ReadAllText(file), StringComparison.Ordinal);
        var config = JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("mcpServers").GetProperty("muster");
        await using var program = await ConnectAsync(config.GetProperty("url").GetString()!, config.GetProperty("headers").GetProperty("Authorization").GetString()!);
        var tool = Assert.Single(await program.ListToolsAsync());
        Assert.Equal("web__echo", tool.Name);
        var said = await program.CallToolAsync("web__echo", new Dictionary<string, object?> { ["message"] = "over two hops" });
        Assert.Contains("over two hops", ((ModelContextProtocol.Protocol.TextContentBlock)Assert.Single(said.Content)).Text, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<Exception>(() => ConnectAsync(relay.Address.AbsoluteUri, "Bearer another"));
    }

    [Fact]
    public void A_configuration_reads_as_its_program_wants_it()
    {
        var files = new McpConfigFiles(new Uri("http://127.0.0.1:4711/mcp"), "muster-key");
        Assert.Equal("http", JsonDocument.Parse(files.ClaudeCode).RootElement.GetProperty("mcpServers").GetProperty("muster").GetProperty("type").GetString());
        Assert.Equal("http://127.0.0.1:4711/mcp", JsonDocument.Parse(files.Gemini).RootElement.GetProperty("mcpServers").GetProperty("muster").GetProperty("httpUrl").GetString());
        Assert.Equal("remote", JsonDocument.Parse(files.OpenCode).RootElement.GetProperty("mcp").GetProperty("muster").GetProperty("type").GetString());
        Assert.Contains("[mcp_servers.muster]\nurl = \"http://127.0.0.1:4711/mcp\"\nhttp_headers = { Authorization = \"Bearer muster-key\" }\n", files.Codex.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    public void Dispose() => _stage.Dispose();

    private static Task<McpClient> ConnectAsync(string url, string authorization) => McpClient.CreateAsync(new HttpClientTransport(
        new HttpClientTransportOptions { Endpoint = new Uri(url), TransportMode = HttpTransportMode.StreamableHttp, AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = authorization } }));
}
