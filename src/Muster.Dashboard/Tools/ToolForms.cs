using System.Globalization;
using Muster.Contracts.Tools;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Tools;

/// <summary>A person's word on a version of a tool. It names the hash that was looked at, and counts for nothing else.</summary>
internal static class ToolForms
{
    public static IReadOnlyList<FormRoute> All { get; } =
    [
        new("/tools/{name}/approve", ApproveAsync),
        new("/tools/{name}/test", TestAsync),
        new("/tools/{name}/retire", RetireAsync),
    ];

    private static async Task<string> ApproveAsync(FormCall call)
    {
        var word = new ApproveTool { Version = Version(call), Hash = call.Required("hash", "The form names no hash; load the page anew."), Reason = call.Text("reason") };
        var tool = await call.Page.Muster.ApproveToolAsync(call.Value("name"), word, ct: call.Stop);
        return $"{tool.Name} version {word.Version} is approved; agents have it from their next task on";
    }

    private static async Task<string> TestAsync(FormCall call)
    {
        var tool = await call.Page.Muster.TestToolAsync(call.Value("name"), new TestTool { Version = Version(call) }, ct: call.Stop);
        return $"The tests of {tool.Name} run as soon as a host is free";
    }

    private static async Task<string> RetireAsync(FormCall call)
    {
        var tool = await call.Page.Muster.RetireToolAsync(call.Value("name"), new RetireTool { Version = call.Text("all") is null ? Version(call) : null, Reason = call.Text("reason") }, ct: call.Stop);
        return call.Text("all") is null ? $"Version {Version(call)} of {tool.Name} is retired" : $"{tool.Name} is retired";
    }

    private static int Version(FormCall call) =>
        int.TryParse(call.Text("version"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new FormException("version", "The form names no version; load the page anew.");
}
