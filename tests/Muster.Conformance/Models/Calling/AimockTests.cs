using System.Text.Json.Nodes;
using Muster.Conformance.Servers;
using Muster.ControlPlane.Models.Calling;

namespace Muster.Conformance.Models.Calling;

/// <summary>The providers against a server of somebody else's that speaks their protocols: npm's <c>@copilotkit/aimock</c> (B7, D14).</summary>
[Trait("req", "B7")]
public sealed class AimockTests
{
    [Theory]
    [InlineData("openrouter", "api/v1", ModelProtocol.OpenAiChat, "/api/v1/chat/completions")]
    [InlineData("openrouter", "api/v1", ModelProtocol.OpenAiResponses, "/api/v1/chat/completions")]
    [InlineData("anthropic", "", ModelProtocol.AnthropicMessages, "/v1/messages")]
    [InlineData("anthropic", "", ModelProtocol.OpenAiChat, "/v1/messages")]
    [InlineData("ollama", "", ModelProtocol.OpenAiChat, "/v1/chat/completions")]
    [InlineData("ollama", "", ModelProtocol.AnthropicMessages, "/v1/chat/completions")]
    [InlineData("openai", "v1", ModelProtocol.AnthropicMessages, "/v1/chat/completions")]
    public async Task Answers_and_calls_of_tools_arrive_streamed_and_whole(string kind, string path, ModelProtocol protocol, string expected)
    {
        await using var server = await AimockServer.StartAsync();
        using var rig = RouterRig.Of($"""
            providers:
              p: {Provider(kind, server.Address, path)}
            routes:
              r: [p/gpt-4o]
            """);
        foreach (var stream in (bool[])[true, false])
        {
            var (outcome, answer) = await rig.AskAsync(protocol, RouterRig.Question(protocol, stream, "hello there"));
            Assert.Equal(CallOutcome.Ok, outcome.Outcome);
            Assert.Equal("Hello! How can I help you, 😀?", answer.Read(protocol).Text);
            Assert.Equal("gpt-4o", outcome.Tries.Single().Served);

            var (called, call) = await rig.AskAsync(protocol, RouterRig.Question(protocol, stream, "read it"));
            Assert.Equal(CallOutcome.Ok, called.Outcome);
            var tool = Assert.Single(call.Read(protocol).Calls);
            Assert.Equal("read", tool.Name);
            Assert.Equal("a b.txt", JsonNode.Parse(tool.Arguments)!["path"]!.GetValue<string>());
        }

        var journal = await server.JournalAsync();
        Assert.Contains(journal, e => e!["path"]!.GetValue<string>() == expected && e["response"]!["status"]!.GetValue<int>() == 200);
    }

    [Fact]
    public async Task OpenRouter_itself_goes_on_with_the_routes_next_model_and_says_which_served()
    {
        await using var server = await AimockServer.StartAsync();
        using var rig = RouterRig.Of($"""
            providers:
              p: {Provider("openrouter", server.Address, "api/v1")}
            routes:
              r: [p/down/model, p/openai/next]
            """);
        var (outcome, answer) = await rig.AskAsync(ModelProtocol.OpenAiChat, RouterRig.Question(ModelProtocol.OpenAiChat, false, "router please"));
        Assert.Equal(CallOutcome.Ok, outcome.Outcome);
        Assert.Equal("openai/next", outcome.Tries.Single().Served);
        Assert.Equal("from the next", answer.Read(ModelProtocol.OpenAiChat).Text);
        var sent = (await server.JournalAsync()).Last(e => e!["path"]!.GetValue<string>().EndsWith("/chat/completions", StringComparison.Ordinal))!["body"]!;
        Assert.Equal(["down/model", "openai/next"], sent["models"]!.AsArray().Select(m => m!.GetValue<string>()));
        Assert.True(sent["provider"]!["zdr"]!.GetValue<bool>());
        Assert.NotEmpty((await rig.Providers.Find("p")!.ListModelsAsync(default))!);
    }

    private static string Provider(string kind, Uri server, string path) => $"{{ kind: {kind}, server: \"{server}{path}\" }}";
}
