using Muster.Conformance.Models;
using Muster.Contracts.Fleet;
using Muster.Runner.Executors;
using Muster.Runner.Tests.Profiles;

namespace Muster.Runner.Tests.Acp;

/// <summary>OpenCode as npm has it, over the Agent Client Protocol, with a scripted model.</summary>
public sealed class RealAcpTests
{
    private static readonly Dictionary<string, string> Asking = new() { ["OPENCODE_PERMISSION"] = """{"edit":"ask","bash":"ask","external_directory":"ask"}""" };

    [Fact]
    public async Task A_real_program_works_asks_for_permission_and_hands_in()
    {
        var path = CodingPrograms.Require("opencode");
        await using var rig = await ProfileRig.CreateAsync(ScriptedScripts.Shell("Wrote health.txt.", "echo fine > health.txt"));

        var result = await RunAsync(rig, path);

        Assert.True(result.Ending == Ending.Ready, $"{result.Reason}\n{rig.AllLog}");
        Assert.Equal("Wrote health.txt.", result.Summary);
        var (head, subjects) = await rig.HandInAsync();
        Assert.Equal("left over", subjects);
        Assert.Equal("fine", await rig.HandedInAsync(head, "health.txt"));
        Assert.Contains(rig.Log, line => line.StartsWith("> execute: echo fine", StringComparison.Ordinal));
        Assert.All(rig.Model.Journal.Calls, call => Assert.Equal(ScriptedJournal.Mask(ProfileRig.Lease), call.Key));
    }

    [Fact]
    public async Task A_real_program_is_refused_what_lies_outside()
    {
        var path = CodingPrograms.Require("opencode");
        using var outside = new TempFolder();
        var file = Path.Combine(outside.Path, "out.txt");
        await using var rig = await ProfileRig.CreateAsync(ScriptedScripts.Turns(ScriptedTurn.Call("write", new { filePath = file, content = "x" }), ScriptedTurn.Say("Could not.")));

        var result = await RunAsync(rig, path);

        Assert.False(File.Exists(file));
        Assert.True(result.Ending == Ending.Ready, $"{result.Reason}\n{rig.AllLog}");
        Assert.Contains(rig.Log, line => line.StartsWith("was not allowed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_spent_budget_ends_the_session_and_hands_the_task_back()
    {
        var path = CodingPrograms.Require("opencode");
        await using var rig = await ProfileRig.CreateAsync(ScriptedScripts.Shell("never"));
        rig.Model.Fault = _ => new ScriptedFault { Status = 402, Message = "Spent.", Headers = new Dictionary<string, string> { ["Muster-Problem"] = "budget" } };

        var result = await RunAsync(rig, path);

        Assert.Equal(Ending.Released, result.Ending);
        Assert.Equal("budget: Spent.", result.Reason);
        Assert.Equal("budget", result.WaitFor);
    }

    private static Task<ExecutionResult> RunAsync(ProfileRig rig, string path)
    {
        var definition = new AgentDefinition { Executor = "acp", Command = [path, "acp", "--pure"], TimeoutSeconds = 180, Environment = Asking };
        return ExecutorCatalog.Create(definition, TimeProvider.System).RunAsync(rig.Attempt(definition), default);
    }
}
