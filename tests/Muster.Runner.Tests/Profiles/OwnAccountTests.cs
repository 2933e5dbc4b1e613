using Muster.Conformance.Models;
using Muster.Runner.Executors;

namespace Muster.Runner.Tests.Profiles;

/// <summary>Claude Code and Codex, unmodified, as the user of the host has signed them in, with a scripted model where their vendor is.</summary>
[Trait("req", "B7")]
public sealed class OwnAccountTests
{
    private static string Key => "own-key-of-" + "the-user-4711";

    [Theory]
    [InlineData("claude-code", "claude")]
    [InlineData("codex", "codex")]
    public async Task A_program_works_with_the_users_own_account_and_says_what_it_used(string executor, string program)
    {
        var path = CodingPrograms.Require(program);
        using var folder = new TempFolder();
        await using var rig = await ProfileRig.CreateAsync(ScriptedScripts.Shell("Wrote health.txt.", "echo fine > health.txt"));
        rig.Model.Keys = new HashSet<string> { Key };
        var account = executor == "codex" ? Codex(folder, rig.Model.Address) : Claude(folder, rig.Model.Address);

        var result = await rig.RunAsync(executor, path, account: account);

        Assert.True(result.Ending == Ending.Ready, $"{result.Reason}\n{rig.AllLog}");
        var (head, _) = await rig.HandInAsync();
        Assert.Equal("fine", await rig.HandedInAsync(head, "health.txt"));
        var used = Assert.Single(rig.Usage);
        Assert.Equal(executor, used.Provider);
        Assert.True(used.TokensIn > 0 && used.TokensOut > 0, $"{used}");
        // The lease went nowhere, the key to its vendor only.
        Assert.All(rig.Model.Journal.Calls, call => Assert.Equal(ScriptedJournal.Mask(Key), call.Key));
        Assert.DoesNotContain(Key, rig.AllLog, StringComparison.Ordinal);
        Assert.Contains(rig.Log, line => line.Contains(folder.Path, StringComparison.Ordinal) && line.Contains("account", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_never_signed_in_is_told_how_and_the_task_is_not_tried_again_for_it()
    {
        await using var rig = await ProfileRig.CreateAsync(ScriptedScripts.Shell("never"));

        var result = await rig.RunAsync("claude-code", "claude", account: new Dictionary<string, string> { ["CLAUDE_CONFIG_DIR"] = "/nowhere/at/all" });

        Assert.Equal((Ending.Failed, false), (result.Ending, result.Retry));
        Assert.Contains("sign in with `claude`", result.Reason, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Claude(TempFolder folder, Uri server) => new()
    {
        ["CLAUDE_CONFIG_DIR"] = folder.Path,
        ["ANTHROPIC_API_KEY"] = Key,
        ["ANTHROPIC_BASE_URL"] = server.AbsoluteUri,
    };

    private static Dictionary<string, string> Codex(TempFolder folder, Uri server)
    {
        folder.File("config.toml",
            $"""
            model = "scripted"
            model_provider = "mine"

            [model_providers.mine]
            name = "Mine"
            base_url = "{server.AbsoluteUri}v1"
            wire_api = "responses"
            env_key = "OPENAI_API_KEY"
            """);
        return new() { ["CODEX_HOME"] = folder.Path, ["OPENAI_API_KEY"] = Key };
    }
}
