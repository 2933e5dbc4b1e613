namespace Muster.EndToEnd.Tests;

/// <summary>What a repository declares starts nothing before a person has said so, and is shown as it is (A7).</summary>
[Trait("req", "A7")]
public sealed class McpApproveTests
{
    [Fact]
    public async Task A_server_that_a_repository_declares_is_not_started_to_be_looked_at_before_it_is_allowed()
    {
        await using var stage = new Stage();
        await File.WriteAllTextAsync(stage["mcp.yaml"], $$"""servers: { docs: { command: [sh, -c, "touch {{stage["started"]}}"] } }""");

        // Nobody is there to say yes.
        var ended = await stage.RunAsync("mcp", "approve", "docs", "--from", stage["mcp.yaml"]);

        Assert.NotEqual(0, ended.Code);
        Assert.Contains("Nothing was started", ended.Output + ended.Error, StringComparison.Ordinal);
        Assert.False(stage.Marked("started"));

        // With --yes it is.
        await stage.RunAsync("mcp", "approve", "docs", "--from", stage["mcp.yaml"], "--yes");
        Assert.True(stage.Marked("started"));
    }
}
