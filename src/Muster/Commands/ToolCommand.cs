using System.CommandLine;
using System.Text.Json;
using Muster.Client;
using Muster.Contracts;
using Muster.Contracts.Tools;
using Muster.Terminals;

namespace Muster.Commands;

/// <summary>Tools that agents make for each other, and your word on them.</summary>
internal static class ToolCommand
{
    private static readonly Argument<string> Name = new("tool") { Description = "Name of the tool" };
    private static readonly Option<int?> Version = new("--version") { Description = "This version; the newest when left out", HelpName = "N" };
    private static readonly Option<string?> Reason = new("--reason", "-m") { Description = "Why, for the record" };

    public static Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "Folder with tool.json, tests.json, and tool.cs, tool.py or tool.sh" };
        return new Command("tool", "Tools that agents make for each other: tests, approval, use").With(
            List(),
            new Command("show", "One of them: what it asks for, its tests, what its source seems to touch, the source").With(Name, Version).Does(ShowAsync),
            new Command("add", "Add a tool, or a new version of it; a host runs its tests").With(folder).Does(call => AddAsync(call, call.Get(folder))),
            new Command("test", "Have its tests run once more").With(Name, Version).Does(call => DidAsync(call, call.Muster.TestToolAsync(call.Get(Name), new TestTool { Version = call.Get(Version) }, ct: call.Stop))),
            Approve(),
            new Command("retire", "Take it from agents for good: all versions, or the one you name").With(Name, Version, Reason).Does(call =>
                DidAsync(call, call.Muster.RetireToolAsync(call.Get(Name), new RetireTool { Version = call.Get(Version), Reason = call.Get(Reason) }, ct: call.Stop))),
            Run(),
            Log());
    }

    private static Command List()
    {
        var status = new Option<string?>("--status") { Description = $"Only those that are: {string.Join(", ", ToolStates.All)}" };
        status.AcceptOnlyFromAmong([.. ToolStates.All]);
        return new Command("list", "Tools, and which version agents have").With(status).Does(async call =>
        {
            var tools = await call.AllAsync(cursor => call.Muster.ListToolsAsync(call.Get(status), cursor, ct: call.Stop));
            call.Terminal.Document(tools);
            var grid = new Grid("TOOL", "NEWEST", "STATE", "AGENTS HAVE", "BY", "WHAT");
            foreach (var tool in tools) grid.Row(tool.Name, tool.Version, State(tool.Status), tool.ApprovedVersion is { } approved ? $"{approved}" : "-", tool.CreatedBy, tool.Description);
            grid.WriteTo(call.Terminal, "No tools yet. Agents make them; you add one with: muster tool add FOLDER");
        });
    }

    private static async Task ShowAsync(Call call)
    {
        var tool = await call.Muster.GetToolAsync(call.Get(Name), call.Stop);
        if (tool.Hash is null)
        {
            call.Terminal.Document(tool);
            call.Terminal.Line($"{tool.Name}: {Plain.Line(tool.Reason)}");
            return;
        }

        var version = await call.Muster.GetToolVersionAsync(tool.Id, call.Get(Version) ?? tool.Version, call.Stop);
        call.Terminal.Document(version);
        ToolText.Write(call.Terminal, tool, version);
    }

    private static async Task AddAsync(Call call, string folder)
    {
        var package = ToolFolder.Read(folder);
        ToolInfo? there = null;
        try
        {
            there = await call.Muster.GetToolAsync(package.Manifest.Name, call.Stop);
        }
        catch (MusterException missing) when (missing.Code == ProblemCodes.NotFound)
        {
            // The first version of it.
        }

        if (there?.Hash is null) await call.Muster.CreateToolAsync(package, ct: call.Stop);
        else await call.Muster.CreateToolVersionAsync(there.Id, package, ct: call.Stop);
        await DidAsync(call, call.Muster.GetToolAsync(package.Manifest.Name, call.Stop));
    }

    private static Command Approve()
    {
        var hash = new Option<string?>("--hash") { Description = "The hash that you looked at (muster tool show); the present one when left out", HelpName = "HASH" };
        return new Command("approve", "Offer a tested version to every agent").With(Name, Version, hash, Reason).Does(async call =>
        {
            var tool = await call.Muster.GetToolAsync(call.Get(Name), call.Stop);
            var version = await call.Muster.GetToolVersionAsync(tool.Id, call.Get(Version) ?? tool.Version, call.Stop);
            await DidAsync(call, call.Muster.ApproveToolAsync(tool.Id, new ApproveTool { Version = version.Version, Hash = call.Get(hash) ?? version.Hash, Reason = call.Get(Reason) }, ct: call.Stop));
        });
    }

    private static Command Run()
    {
        var input = new Option<string>("--input") { Description = "The input, as JSON", HelpName = "JSON", DefaultValueFactory = _ => "{}" };
        var wait = new Option<int>("--wait") { Description = "Seconds to wait for a host and the result", HelpName = "N", DefaultValueFactory = _ => 60 };
        return new Command("run", "Try an approved tool: a host runs it, and the use is recorded").With(Name, input, wait).Does(async call =>
        {
            var body = new RunTool { Input = ToolFolder.Json<JsonElement>(call.Get(input)!, "--input"), WaitSeconds = call.Get(wait) };
            var outcome = await call.Muster.RunToolAsync(call.Get(Name), body, ct: call.Stop);
            call.Terminal.Document(outcome);
            if (outcome.Outcome != ToolOutcomes.Ok) throw new CommandException($"{outcome.Outcome}: {outcome.Detail}");
            call.Terminal.Line(Plain.Line(outcome.Output?.GetRawText()));
        });
    }

    private static Command Log()
    {
        var task = new Option<string?>("--task") { Description = "Only of this task", HelpName = "KEY" };
        var limit = new Option<int>("--limit") { Description = "At most so many", DefaultValueFactory = _ => 50, HelpName = "N" };
        return new Command("log", "Its uses, the newest first").With(Name, task, limit).Does(async call =>
        {
            var calls = await call.AllAsync(cursor => call.Muster.ListToolCallsAsync(call.Get(Name), call.Get(task), cursor, ct: call.Stop), call.Get(limit));
            call.Terminal.Document(calls);
            var grid = new Grid("WHEN", "VERSION", "CALLER", "TASK", "OUTCOME", "TOOK", "WHY");
            foreach (var one in calls)
                grid.Row(Words.Ago(one.StartedAt), one.Version, one.Caller, one.TaskKey, new Cell(one.Outcome, one.Outcome == ToolOutcomes.Ok ? Tone.Good : one.Outcome == ToolOutcomes.Running ? Tone.None : Tone.Warn), one.Milliseconds is { } took ? $"{took} ms" : "", one.Detail);
            grid.WriteTo(call.Terminal, "Nobody has used it yet.");
        });
    }

    private static async Task DidAsync(Call call, Task<ToolInfo> doing)
    {
        var tool = await doing;
        call.Terminal.Document(tool);
        call.Terminal.Line($"{tool.Name} version {tool.Version} is {tool.Status}{(tool.Reason is null ? "." : $": {Plain.Line(tool.Reason)}")}");
        call.Terminal.Line(tool.ApprovedVersion is { } approved ? $"Agents have version {approved}." : "Agents do not have it.");
    }

    internal static Cell State(string state) => new(state, state switch
    {
        ToolStates.Approved => Tone.Good,
        ToolStates.Tested => Tone.Warn,
        _ => Tone.Faint,
    });
}
