using Muster.Conformance.Mcp;
using Muster.Conformance.Models;
using Muster.Contracts.Fleet;
using Muster.Runner.Executors;
using Muster.Runner.Mcp;
using Muster.Runner.Tests.Mcp;

namespace Muster.Runner.Tests.Profiles;

/// <summary>The real coding programs call a tool of the reference server that a person approved, through the attempt's relay.</summary>
[Trait("req", "A7")]
public sealed class ProgramToolsTests : IDisposable
{
    private readonly McpStage _stage = new();

    [Theory]
    [MemberData(nameof(RealProgramTests.Programs), MemberType = typeof(RealProgramTests))]
    [InlineData("acp", "opencode", "acp")]
    public async Task A_program_calls_an_approved_tool_and_sees_no_secret_and_no_other_tool(string executor, string program, params string[] arguments)
    {
        var path = CodingPrograms.Require(program);
        _stage.Secret("TRACKER", "canary-1234567890");
        _stage.Declare($$"""
            servers:
              everything:
                command: ["{{NodeTools.NewNode}}", "{{NodeTools.Everything}}", stdio]
                environment: { TRACKER: "${secret:TRACKER}" }
                tools: [echo]
            """);
        await _stage.ApproveAsync("everything");
        var answered = "";
        await using var rig = await ProfileRig.CreateAsync(request =>
        {
            if (request.ToolResults.Count == 0) return Echo(request) is { } echo ? ScriptedTurn.Call(echo, new { message = "forty-two" }) : ScriptedTurn.Say("No such tool.");
            answered = request.Text;
            return ScriptedTurn.Say("Asked the echo.");
        });
        var definition = new AgentDefinition { Executor = executor, Command = [path, .. arguments], TimeoutSeconds = 120 };

        var result = await ExecutorCatalog.Create(definition, TimeProvider.System, [new McpToolSource(_stage.Catalog, null)]).RunAsync(rig.Attempt(definition), CancellationToken.None);

        Assert.True(result.Ending == Ending.Ready, $"{result.Reason}\n{rig.AllLog}");
        Assert.True(result.Summary == "Asked the echo.", $"{result.Summary}\n{string.Join(' ', rig.Model.Journal.Calls.SelectMany(call => call.Request!.Tools).Select(tool => tool.Name).Distinct())}\n{rig.AllLog}");
        Assert.DoesNotContain("everything__get-", rig.Model.Journal.Calls.First(call => call.Request!.Tools.Count > 0).Request!.Body.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("Echo: forty-two", answered, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", rig.AllLog + string.Join('\n', rig.Model.Journal.Calls.Select(call => call.Request!.Body.ToJsonString())), StringComparison.Ordinal);
    }

    public void Dispose() => _stage.Dispose();

    // Codex keeps the tools of a server in a namespace, and wants them called by both names.
    private static string? Echo(ScriptedRequest request) =>
        request.Tools.FirstOrDefault(tool => tool.Name.EndsWith("everything__echo", StringComparison.Ordinal))?.Name
        ?? (request.Tools.Any(tool => tool.Name == "mcp__muster") ? "mcp__muster/everything__echo" : null);
}
