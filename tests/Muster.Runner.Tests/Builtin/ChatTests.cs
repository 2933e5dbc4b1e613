using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Muster.Runner.Builtin.Chat;
using Muster.Runner.Executors;

namespace Muster.Runner.Tests.Builtin;

/// <summary>Answers as no model of ours would give them.</summary>
public sealed class ChatTests
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    [Fact]
    public async Task An_answer_in_one_piece_is_an_answer()
    {
        var response = await AskAsync("application/json", """{"model":"m","choices":[{"message":{"role":"assistant","content":"hi","tool_calls":[{"id":"a","type":"function","function":{"name":"read","arguments":"{\"path\":\"x\"}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}""");
        Assert.Equal("hi", response.Text);
        Assert.Equal("x", response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().Single().Arguments!["path"]!.ToString());
        Assert.Equal((5, 2), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount));
    }

    [Fact]
    public async Task Calls_in_many_pieces_come_together_by_index()
    {
        var response = await AskAsync("text/event-stream", Events(
            Delta(new { tool_calls = new[] { new { index = 1, id = "b", function = new { name = "list", arguments = "{}" } } } }),
            Delta(new { tool_calls = new[] { new { index = 0, id = "a", function = new { name = "read", arguments = "{\"pa" } } } }),
            Delta(new { tool_calls = new[] { new { index = 0, id = "", function = new { name = "", arguments = "th\":\"x\"}" } } } }),
            """{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"""));
        var calls = response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().ToList();
        Assert.Equal(["read", "list"], calls.Select(call => call.Name));
        Assert.Equal(["a", "b"], calls.Select(call => call.CallId));
    }

    public static TheoryData<string, string> Broken => new()
    {
        { "text/event-stream", "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n" },
        { "text/event-stream", "data: {\"choices\":[{\"delta\":\n\n" },
        { "text/event-stream", "data: [1,2,3]\n\n" },
        { "text/event-stream", "data: {\"error\":{\"message\":\"upstream fell over\",\"code\":500}}\n\n" },
        { "text/event-stream", "" },
        { "application/json", "<html>Bad gateway</html>" },
        { "application/json", "" },
        { "text/event-stream", $"data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{string.Join(',', Enumerable.Range(0, 100).Select(index => $"{{\"index\":{index},\"function\":{{\"name\":\"x\"}}}}"))}]}}}}]}}\n\n" },
        { "text/event-stream", "data: " + new string('x', 17 * 1024 * 1024) },
    };

    [Theory, MemberData(nameof(Broken))]
    public async Task What_is_no_answer_is_broken_and_nothing_else(string type, string body) =>
        Assert.Equal(GatewayFailure.Broken, (await Assert.ThrowsAsync<GatewayException>(() => AskAsync(type, body))).Failure);

    [Theory]
    [InlineData("budget", nameof(GatewayFailure.Budget))]
    [InlineData("provider_down", nameof(GatewayFailure.ProviderDown))]
    [InlineData("lease_lost", nameof(GatewayFailure.LeaseLost))]
    public async Task A_refusal_in_the_middle_of_an_answer_is_that_refusal(string code, string expected) =>
        Assert.Equal(expected, (await Assert.ThrowsAsync<GatewayException>(() => AskAsync("text/event-stream", Events(Delta(new { content = "a" }), $$$"""{"error":{"message":"no","code":"{{{code}}}"}}""")))).Failure.ToString());

    [Theory]
    [InlineData(400, """{"error":{"message":"This model's maximum context length is 8192 tokens."}}""", nameof(GatewayFailure.TooLong))]
    [InlineData(400, """{"error":{"message":"bad"}}""", nameof(GatewayFailure.Refused))]
    [InlineData(401, "", nameof(GatewayFailure.Refused))]
    [InlineData(402, """{"error":"no money"}""", nameof(GatewayFailure.Budget))]
    [InlineData(307, "", nameof(GatewayFailure.Refused))]
    [InlineData(500, "[]", nameof(GatewayFailure.Broken))]
    public async Task A_refusal_without_a_code_of_ours_is_judged_by_its_status(int status, string body, string expected) =>
        Assert.Equal(expected, (await Assert.ThrowsAsync<GatewayException>(() => AskAsync("application/json", body, status))).Failure.ToString());

    [Fact]
    public async Task Silence_ends_a_call()
    {
        await using var server = await StartAsync(async http =>
        {
            await http.Response.StartAsync();
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        using var client = new GatewayChatClient(new ModelAccess(new Uri(server.Urls.First() + "/"), "k"), TimeSpan.FromMilliseconds(200), TimeProvider.System);
        var error = await Assert.ThrowsAsync<GatewayException>(() => client.GetResponseAsync([new ChatMessage(ChatRole.User, "hi")]));
        Assert.Equal(GatewayFailure.Broken, error.Failure);
    }

    private static string Delta(object delta) => JsonSerializer.Serialize(new { choices = new[] { new { delta } } }, Json);

    private static string Events(params string[] data) => string.Concat(data.Select(line => $"data: {line}\n\n")) + "data: [DONE]\n\n";

    private static async Task<ChatResponse> AskAsync(string type, string body, int status = 200)
    {
        await using var server = await StartAsync(async http =>
        {
            http.Response.StatusCode = status;
            http.Response.ContentType = type;
            await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body));
        });
        using var client = new GatewayChatClient(new ModelAccess(new Uri(server.Urls.First() + "/"), "k"), TimeSpan.FromSeconds(30), TimeProvider.System);
        return await client.GetResponseAsync([new ChatMessage(ChatRole.User, "hi")]);
    }

    private static async Task<WebApplication> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return app;
    }
}
