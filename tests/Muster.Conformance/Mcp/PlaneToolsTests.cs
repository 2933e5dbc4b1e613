using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Muster.Client;
using Muster.Conformance.Servers;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.ControlPlane.Mcp;

namespace Muster.Conformance.Mcp;

/// <summary>The plane's tools, called by real clients: they do what the API does, for whom the API would do it.</summary>
[Trait("req", "A7")]
public sealed class PlaneToolsTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    [Theory]
    [InlineData("2025-06-18")]
    [InlineData("2025-11-25")]
    [InlineData("2026-07-28")]
    public async Task A_client_plans_adds_lists_and_explains(string revision)
    {
        await using var plane = await McpPlane.StartAsync(_folder.Path);
        await plane.Client.CreateProjectAsync(new CreateProject { Name = "Fleet", Key = "FLT" });
        await using var client = await ConnectAsync(plane, plane.Token, revision);

        var taken = await CallAsync(client, "import_plan", new() { ["project"] = "FLT", ["markdown"] = "# Plan\n\n## Epic 1: Start (3h)\n\n- 1.1 First (1h)\n- 1.2 Second (2h) after 1.1\n" });
        Assert.Equal(2, taken.GetProperty("tasksCreated").GetInt32());
        var added = await CallAsync(client, "add_task", new() { ["project"] = "FLT", ["title"] = "Add a health page", ["priority"] = 2, ["dependsOn"] = new[] { "FLT-1" } });
        Assert.Equal("FLT-3", added.GetProperty("key").GetString());
        var listed = await CallAsync(client, "list_tasks", new() { ["project"] = "FLT" });
        Assert.Equal(["FLT-1", "FLT-2", "FLT-3"], listed.GetProperty("tasks").EnumerateArray().Select(task => task.GetProperty("key").GetString()));
        var why = await CallAsync(client, "explain_task", new() { ["task"] = "FLT-3" });
        Assert.Contains(why.GetProperty("waitingOn").EnumerateArray(), reason => reason.GetProperty("code").GetString() == WaitingCodes.Dependency && reason.GetProperty("on").GetString() == "FLT-1");

        Assert.Equal("Add a health page", (await plane.Client.GetTaskAsync("FLT-3")).Title);
        Assert.Contains("FLT-3", Text(await client.ReadResourceAsync("muster://projects/FLT/tasks")), StringComparison.Ordinal);
        Assert.Contains("task.created", Text(await client.ReadResourceAsync("muster://events")), StringComparison.Ordinal);
        var prompt = await client.GetPromptAsync("plan_a_change", new Dictionary<string, object?> { ["project"] = "FLT", ["wish"] = "A health page" });
        Assert.Contains("A health page", ((TextContentBlock)Assert.Single(prompt.Messages).Content).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_tool_says_what_it_is_and_answers_or_refuses_in_words()
    {
        await using var plane = await McpPlane.StartAsync(_folder.Path);
        await plane.Client.CreateProjectAsync(new CreateProject { Name = "Fleet", Key = "FLT" });
        await plane.Client.CreateTaskAsync(new CreateTask { Project = "FLT", Title = "One" });
        await using var client = await ConnectAsync(plane, plane.Token);
        var tools = await client.ListToolsAsync();
        Assert.All(tools, tool => Assert.False(string.IsNullOrWhiteSpace(tool.Description)));
        Assert.Superset(
            new HashSet<string>(["add_task", "list_tasks", "show_task", "explain_task", "comment_task", "report_progress", "retry_task", "cancel_task", "read_log", "list_evidence", "list_projects", "preview_plan",
                "import_plan", "list_reviews", "show_review", "approve_review", "reject_review", "fleet_status", "attention", "cost", "recent_events", "ask", "show_goal", "approve_goal", "change_goal", "reject_goal", "list_tools", "show_tool", "propose_tool", "approve_tool", "retire_tool"]),
            tools.Select(tool => tool.Name).ToHashSet());
        Dictionary<string, object?> all = new(StringComparer.Ordinal) { ["project"] = "FLT", ["task"] = "FLT-1", ["title"] = "More", ["markdown"] = "# Plan", ["text"] = "noted", ["percentComplete"] = 5, ["pull"] = "FLT!1", ["headSha"] = new string('0', 40), ["message"] = "no", ["goal"] = "G-99", ["planVersion"] = 1, ["reason"] = "no", ["tool"] = "no-such-tool", ["version"] = 1, ["hash"] = "none", ["source"] = "cat", ["manifest"] = Json("""{"name":"echo","description":"Says the same.","language":"shell","inputSchema":{"type":"object"},"outputSchema":{"type":"object"}}"""), ["tests"] = new[] { Json("""{"name":"one","input":{},"output":{}}""") } };
        foreach (var tool in tools)
        {
            var wanted = tool.JsonSchema.GetProperty("properties").EnumerateObject().Select(property => property.Name).ToHashSet();
            var result = await client.CallToolAsync(tool.Name, all.Where(argument => wanted.Contains(argument.Key)).ToDictionary(argument => argument.Key, argument => argument.Value));
            var text = string.Concat(result.Content.OfType<TextContentBlock>().Select(block => block.Text));
            // A refusal has the API's own code in front; anything else would be a fault of ours.
            Assert.True(result.IsError != true || text.StartsWith("not_found:", StringComparison.Ordinal) || text.StartsWith("wrong_state:", StringComparison.Ordinal), $"{tool.Name}: {text}");
        }
    }

    [Fact]
    public async Task A_tool_may_do_what_its_callers_token_may_do_and_no_more()
    {
        await using var plane = await McpPlane.StartAsync(_folder.Path);
        await plane.Client.CreateProjectAsync(new CreateProject { Name = "Fleet", Key = "FLT" });
        await using var viewer = await ConnectAsync(plane, await plane.TokenAsync(Scopes.Viewer));
        Assert.Empty((await CallAsync(viewer, "list_tasks", [])).GetProperty("tasks").EnumerateArray());
        Assert.StartsWith("forbidden:", await RefusalAsync(viewer, "add_task", new() { ["project"] = "FLT", ["title"] = "Not mine" }), StringComparison.Ordinal);
        Assert.Empty((await plane.Client.ListTasksAsync()).Items);
    }

    [Fact]
    public async Task A_repeated_call_with_the_same_word_is_done_once()
    {
        await using var plane = await McpPlane.StartAsync(_folder.Path);
        await plane.Client.CreateProjectAsync(new CreateProject { Name = "Fleet", Key = "FLT" });
        await using var client = await ConnectAsync(plane, plane.Token);
        foreach (var _ in Enumerable.Range(0, 3)) await CallAsync(client, "add_task", new() { ["project"] = "FLT", ["title"] = "Once", ["once"] = "a word" });
        Assert.Single((await plane.Client.ListTasksAsync()).Items);
        Assert.StartsWith("idempotency_mismatch:", await RefusalAsync(client, "add_task", new() { ["project"] = "FLT", ["title"] = "Another", ["once"] = "a word" }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_reports_by_its_lease_and_a_zombie_does_nothing()
    {
        await using var plane = await McpPlane.StartAsync(_folder.Path);
        await plane.Client.CreateProjectAsync(new CreateProject { Name = "Fleet", Key = "FLT" });
        await plane.Client.CreateTaskAsync(new CreateTask { Project = "FLT", Title = "Work" });
        await plane.Client.HeartbeatAsync(new HeartbeatRequest { Agent = "ada" });
        var token = (await plane.Client.CreateAgentTokenAsync("ada")).Secret;
        using var ada = plane.Sdk(token);
        var claimed = Assert.Single((await ada.ClaimTasksAsync(new ClaimRequest { Agent = "ada" })).Tasks);
        await using (var bare = await ConnectAsync(plane, token))
            Assert.StartsWith("lease_required:", await RefusalAsync(bare, "report_progress", new() { ["task"] = "FLT-1", ["percentComplete"] = 10 }), StringComparison.Ordinal);
        await using var client = await ConnectAsync(plane, token, headers: new() { [Wire.LeaseHeader] = claimed.Lease });
        await CallAsync(client, "report_progress", new() { ["task"] = "FLT-1", ["percentComplete"] = 40, ["note"] = "half way" });
        Assert.Equal(40, (await plane.Client.GetTaskAsync("FLT-1")).PercentComplete);

        await ada.ReleaseAssignmentAsync(claimed.Assignment.Id, new ReleaseAssignment(), CallOptions.ForLease(claimed.Lease));
        Assert.StartsWith("lease_lost:", await RefusalAsync(client, "report_progress", new() { ["task"] = "FLT-1", ["percentComplete"] = 90 }), StringComparison.Ordinal);
        Assert.StartsWith("lease_lost:", await RefusalAsync(client, "comment_task", new() { ["task"] = "FLT-1", ["text"] = "still here" }), StringComparison.Ordinal);
        Assert.NotEqual(90, (await plane.Client.GetTaskAsync("FLT-1")).PercentComplete);
    }

    [Fact]
    public async Task The_other_reference_client_calls_a_tool_too()
    {
        await using var plane = await McpPlane.StartAsync(_folder.Path);
        await plane.Client.CreateProjectAsync(new CreateProject { Name = "Fleet", Key = "FLT" });
        var (code, output) = await NodeTools.RunAsync(NodeTools.NewNode, [NodeTools.Script("client.mjs"), plane.Endpoint.AbsoluteUri, plane.Token], TimeSpan.FromSeconds(60));
        Assert.True(code == 0, output);
        Assert.Equal("Said in TypeScript", (await plane.Client.GetTaskAsync("FLT-1")).Title);
        Assert.Contains("FLT-1", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Strangers_pages_other_names_and_no_token_are_refused()
    {
        await using var plane = await McpPlane.StartAsync(_folder.Path, configure: options => new ControlPlane.ControlPlaneOptions { DataFolder = options.DataFolder, CorsOrigins = ["https://chat.example"] });
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.OK, (await SayAsync(http, plane, plane.Token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SayAsync(http, plane, plane.Token, ("Origin", "https://chat.example"))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SayAsync(http, plane, plane.Token, ("Origin", "http://localhost:3000"))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await SayAsync(http, plane, plane.Token, ("Origin", "https://evil.example"))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await SayAsync(http, plane, plane.Token, ("Origin", "null"))).StatusCode);
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await SayAsync(http, plane, plane.Token, ("Host", "evil.example"))).StatusCode);
        using var bare = await SayAsync(http, plane, "");
        Assert.Equal(HttpStatusCode.Unauthorized, bare.StatusCode);
        Assert.Equal("Bearer", bare.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task A_session_is_its_tokens_own_and_there_are_so_many_and_no_more()
    {
        await using var plane = await McpPlane.StartAsync(_folder.Path, limits: new McpLimits { Sessions = 3, SessionsOfOne = 2 });
        using var http = new HttpClient();
        async Task<string> OpenAsync(string token)
        {
            using var answer = await SayAsync(http, plane, token);
            return answer.IsSuccessStatusCode ? answer.Headers.GetValues("Mcp-Session-Id").Single() : $"{(int)answer.StatusCode}";
        }

        var (first, second) = (await plane.TokenAsync(Scopes.Viewer), await plane.TokenAsync(Scopes.Maintainer));
        var own = await OpenAsync(first);
        Assert.Equal(HttpStatusCode.OK, (await PingAsync(http, plane, first, own)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await PingAsync(http, plane, second, own)).StatusCode);
        await OpenAsync(first);
        Assert.Equal("429", await OpenAsync(first));
        await OpenAsync(second);
        // The fourth crowds out the one that was silent longest, which begins again as its client knows how to.
        await OpenAsync(second);
        Assert.Equal(HttpStatusCode.NotFound, (await PingAsync(http, plane, first, own)).StatusCode);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"tools/list\"}")]
    public async Task What_is_no_message_is_refused_as_such(string body)
    {
        await using var plane = await McpPlane.StartAsync(_folder.Path);
        using var http = new HttpClient();
        using var answer = await SendAsync(http, plane, plane.Token, body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("\"error\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_is_too_large_is_refused()
    {
        await using var plane = await McpPlane.StartAsync(_folder.Path, limits: new McpLimits { MessageBytes = 10_000 });
        using var http = new HttpClient();
        using var answer = await SendAsync(http, plane, plane.Token, """{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"X"}}""".Replace("X", new string('x', 20_000), StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<McpClient> ConnectAsync(McpPlane plane, string token, string? revision = null, Dictionary<string, string>? headers = null)
    {
        headers ??= [];
        headers["Authorization"] = $"Bearer {token}";
        return await McpClient.CreateAsync(new HttpClientTransport(new HttpClientTransportOptions { Endpoint = plane.Endpoint, AdditionalHeaders = headers, TransportMode = HttpTransportMode.StreamableHttp }), new McpClientOptions { ProtocolVersion = revision });
    }

    private static async Task<JsonElement> CallAsync(McpClient client, string tool, Dictionary<string, object?> arguments)
    {
        var result = await client.CallToolAsync(tool, arguments);
        Assert.True(result.IsError != true, $"{tool}: {string.Concat(result.Content.OfType<TextContentBlock>().Select(block => block.Text))}");
        return Assert.NotNull(result.StructuredContent);
    }

    private static async Task<string> RefusalAsync(McpClient client, string tool, Dictionary<string, object?> arguments)
    {
        var result = await client.CallToolAsync(tool, arguments);
        Assert.True(result.IsError, $"{tool} was not refused");
        return ((TextContentBlock)Assert.Single(result.Content)).Text;
    }

    private static string Text(ReadResourceResult read) => ((TextResourceContents)Assert.Single(read.Contents)).Text;

    private static Task<HttpResponseMessage> SayAsync(HttpClient http, McpPlane plane, string token, params (string Name, string Value)[] headers) => SendAsync(http, plane, token,
        """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}""", headers);

    private static Task<HttpResponseMessage> PingAsync(HttpClient http, McpPlane plane, string token, string session) =>
        SendAsync(http, plane, token, """{"jsonrpc":"2.0","id":2,"method":"ping"}""", ("Mcp-Session-Id", session));

    private static async Task<HttpResponseMessage> SendAsync(HttpClient http, McpPlane plane, string token, string body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, plane.Endpoint) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (token.Length > 0) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.Accept.ParseAdd("text/event-stream");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await http.SendAsync(request);
    }

    private static JsonElement Json(string text) => JsonSerializer.Deserialize<JsonElement>(text);
}
