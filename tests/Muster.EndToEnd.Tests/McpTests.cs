using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Muster.Contracts.Work;

namespace Muster.EndToEnd.Tests;

/// <summary><c>muster mcp</c> as an editor starts it: the real program, spoken to on its standard input and output.</summary>
[Trait("req", "A7")]
public sealed class McpTests
{
    [Fact]
    public async Task An_editor_that_starts_muster_mcp_adds_and_explains_a_task_and_is_told_when_the_plane_is_away()
    {
        await using var stage = new Stage();
        var plane = await stage.ServeAsync();
        await plane.Client.CreateProjectAsync(new CreateProject { Name = "Fleet", Key = "FLT" });
        await using var client = await stage.McpAsync("mcp", "--data", stage.Data);
        Assert.Equal("muster", client.ServerInfo?.Name);
        var added = await client.CallToolAsync("add_task", new Dictionary<string, object?> { ["project"] = "FLT", ["title"] = "Said over stdio" });
        Assert.True(added.IsError != true, ((TextContentBlock)added.Content[0]).Text);
        Assert.Equal("Said over stdio", (await plane.Client.GetTaskAsync("FLT-1")).Title);
        var why = await client.CallToolAsync("explain_task", new Dictionary<string, object?> { ["task"] = "FLT-1" });
        Assert.Equal("FLT-1", why.StructuredContent?.GetProperty("key").GetString());

        await plane.StopAsync();
        var away = await client.CallToolAsync("list_tasks");
        Assert.True(away.IsError);
        Assert.StartsWith("unavailable: The plane at", ((TextContentBlock)away.Content[0]).Text, StringComparison.Ordinal);
    }
}
