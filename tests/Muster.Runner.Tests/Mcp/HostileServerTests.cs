using Muster.Runner.Builtin;
using Muster.Runner.Mcp;

namespace Muster.Runner.Tests.Mcp;

/// <summary>Servers that lie, flood, hang, break the protocol or try to give orders: the attempt goes on, nothing leaks, nothing stays behind.</summary>
[Trait("req", "A7")]
public sealed class HostileServerTests : IDisposable
{
    private readonly McpStage _stage = new();

    [Fact]
    public async Task Tools_that_nobody_approved_are_not_offered_and_their_server_is_not_started()
    {
        _stage.DeclareHostile("plain");
        await using var tools = await _stage.OpenAsync();
        Assert.Empty(tools.Tools);
        Assert.Contains(_stage.Log, line => line.Contains("muster mcp approve bad", StringComparison.Ordinal));
        Assert.False(File.Exists(_stage["mark"]));
    }

    [Fact]
    public async Task A_list_that_changed_after_its_approval_is_not_used_until_it_is_approved_anew()
    {
        _stage.DeclareHostile("changing");
        await _stage.ApproveAsync("bad");
        File.WriteAllText(_stage["mark"], "now it is another");
        await using (var tools = await _stage.OpenAsync())
        {
            Assert.DoesNotContain("evil.example", Assert.Single(tools.Tools).Description, StringComparison.Ordinal);
            var refused = await CallAsync(tools);
            Assert.True(refused.Failed);
            Assert.Contains("not those that a person approved", refused.Text, StringComparison.Ordinal);
        }

        Assert.Contains(_stage.Log, line => line.Contains("not those that were approved", StringComparison.Ordinal));
        await _stage.ApproveAsync("bad");
        await using var again = await _stage.OpenAsync();
        Assert.Equal(new ToolResult("again"), await CallAsync(again));
    }

    [Fact]
    public async Task A_list_that_changes_during_an_attempt_ends_the_use_of_its_server()
    {
        _stage.DeclareHostile("turning");
        await _stage.ApproveAsync("bad");
        await using var tools = await _stage.OpenAsync();
        Assert.Equal(new ToolResult("before it turned"), await CallAsync(tools));
        // What it said on the way is heard at the latest a call later.
        var after = await CallAsync(tools);
        for (var call = 0; !after.Failed && call < 20; call++) after = await CallAsync(tools);
        Assert.Contains("not those that a person approved", after.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_approval_is_for_the_declaration_that_was_looked_at()
    {
        _stage.DeclareHostile("plain");
        await _stage.ApproveAsync("bad");
        await using (var tools = await _stage.OpenAsync()) Assert.Single(tools.Tools);
        _stage.DeclareHostile("plain", "environment: { LD_PRELOAD: /tmp/evil.so }");
        await using var changed = await _stage.OpenAsync();
        Assert.Empty(changed.Tools);
    }

    [Fact]
    public async Task A_huge_answer_is_cut_and_an_endless_line_is_not_read()
    {
        _stage.DeclareHostile("huge");
        await _stage.ApproveAsync("bad");
        await using (var tools = await _stage.OpenAsync())
        {
            var huge = await CallAsync(tools);
            Assert.InRange(huge.Text.Length, 1000, ToolResult.MaxCharacters);
            Assert.EndsWith("[cut: the rest is left out]", huge.Text, StringComparison.Ordinal);
        }

        _stage.DeclareHostile("endless-line");
        await _stage.ApproveAsync("bad");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await using var endless = await _stage.OpenAsync();
        Assert.True((await CallAsync(endless)).Failed);
        Assert.True(GC.GetTotalMemory(forceFullCollection: true) - before < 200_000_000, "What it sent was kept.");
    }

    [Theory]
    [InlineData("hang", "longer than")]
    [InlineData("garbage", "could not be used")]
    [InlineData("dies", "could not be used")]
    public async Task A_server_that_hangs_breaks_the_protocol_or_dies_is_a_failed_tool_and_no_more(string mode, string said)
    {
        _stage.Secret("KEY", "canary-1234567890");
        _stage.DeclareHostile(mode, "environment: { SECRET: \"${secret:KEY}\" }");
        await _stage.ApproveAsync("bad");
        await using var tools = await _stage.OpenAsync();
        var first = await CallAsync(tools);
        Assert.True(first.Failed);
        Assert.Contains(said, first.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", first.Text + string.Concat(_stage.Log), StringComparison.Ordinal);
        // And the next call gets a server of its own.
        Assert.True((await CallAsync(tools)).Failed);
    }

    [Fact]
    public async Task A_server_that_lists_without_end_cannot_be_approved()
    {
        _stage.DeclareHostile("endless-list");
        var wrong = await Assert.ThrowsAsync<McpSetupException>(() => _stage.ApproveAsync("bad"));
        Assert.Contains("lists more than", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_reaches_its_server_and_comes_back_from_it_to_nobody()
    {
        _stage.Secret("KEY", "canary-1234567890");
        _stage.DeclareHostile("secret", "environment: { SECRET: \"${secret:KEY}\" }");
        await _stage.ApproveAsync("bad");
        await using var tools = await _stage.OpenAsync();
        Assert.Equal(new ToolResult("I was given [secret] and I see"), await CallAsync(tools));
        Assert.DoesNotContain("canary", File.ReadAllText(_stage.Catalog.Pins.Path) + string.Concat(_stage.Log) + string.Concat(Directory.EnumerateFiles(_stage.Attempt.Scratch, "*", SearchOption.AllDirectories).Select(File.ReadAllText)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_and_what_it_started_end_with_the_attempt()
    {
        _stage.DeclareHostile("child");
        await _stage.ApproveAsync("bad");
        await using (var tools = await _stage.OpenAsync()) Assert.False((await CallAsync(tools)).Failed);
        Assert.All(File.ReadAllLines(_stage["mark"]).Select(int.Parse), pid => Assert.False(Until.Alive(pid), $"{pid} runs on"));
    }

    [Fact]
    public async Task A_server_may_ask_our_model_nothing()
    {
        _stage.DeclareHostile("asks");
        await _stage.ApproveAsync("bad");
        await using var tools = await _stage.OpenAsync();
        Assert.Equal(new ToolResult("asked"), await CallAsync(tools));
    }

    [Fact]
    public async Task Names_are_plain_short_and_never_two_the_same_and_orders_in_a_description_are_only_text_that_a_person_saw()
    {
        _stage.DeclareHostile("names");
        await _stage.ApproveAsync("bad");
        await using (var tools = await _stage.OpenAsync())
        {
            Assert.Equal(5, tools.Tools.Count);
            Assert.Equal(5, tools.Tools.Select(tool => tool.Name).Distinct(StringComparer.Ordinal).Count());
            Assert.All(tools.Tools, tool => Assert.Matches("^bad__[A-Za-z0-9_-]{1,59}$", tool.Name));
        }

        _stage.DeclareHostile("instructions");
        var seen = Assert.Single(await _stage.ApproveAsync("bad")).Description;
        await using var approved = await _stage.OpenAsync();
        Assert.Equal($"[bad] {seen}", Assert.Single(approved.Tools).Description);
    }

    public void Dispose() => _stage.Dispose();

    private static Task<ToolResult> CallAsync(IToolSession tools) => tools.CallAsync(tools.Tools[0].Name, McpStage.Arguments(new { text = "x" }), CancellationToken.None);
}
