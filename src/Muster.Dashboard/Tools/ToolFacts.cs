using System.Globalization;
using Muster.Contracts.Tools;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Tools;

/// <summary>The tools that the fleet has, and those that want a word.</summary>
public sealed record ToolsFacts(IReadOnlyList<ToolInfo> Tools, string? State, string? Next)
{
    public static async Task<ToolsFacts> ReadAsync(PageContext page)
    {
        var state = page.Asked("state") is { } asked && ToolStates.All.Contains(asked) ? asked : null;
        var tools = await page.Muster.ListToolsAsync(state, page.Asked("before"), 100);
        return new ToolsFacts(tools.Items, state, tools.Next);
    }
}

/// <summary>One tool: the version that is looked at, the others, and how it did.</summary>
public sealed record ToolFacts
{
    private const int Most = 50;

    public required ToolInfo Tool { get; init; }
    public required ToolVersionInfo Shown { get; init; }
    public required IReadOnlyList<ToolVersionInfo> Versions { get; init; }
    public required IReadOnlyList<ToolCallInfo> Calls { get; init; }

    public static async Task<ToolFacts> ReadAsync(PageContext page)
    {
        var muster = page.Muster;
        var tool = await muster.GetToolAsync(page.Value("name")!);
        var number = int.TryParse(page.Asked("version"), NumberStyles.None, CultureInfo.InvariantCulture, out var asked) && asked > 0 ? asked : tool.Version;
        var shown = muster.GetToolVersionAsync(tool.Id, number);
        var versions = muster.ListToolVersionsAsync(tool.Id, limit: Most);
        var calls = muster.ListToolCallsAsync(tool.Id, limit: Most);
        return new ToolFacts { Tool = tool, Shown = await shown, Versions = (await versions).Items, Calls = (await calls).Items };
    }
}
