using System.CommandLine;
using Muster.Client;
using Muster.Live;
using Muster.Terminals;

namespace Muster.Commands;

internal static class WatchCommand
{
    public static Command Create()
    {
        var project = new Option<string?>("--project") { Description = "Only this project", HelpName = "KEY" };
        return new Command("watch", "Tasks and agents as they move; with --json or no terminal: one event a line").With(project).Does(async call =>
        {
            if (call.Terminal.Interactive) await Screen.RunAsync(call.Muster, call.Get(project), call.Stop);
            else await EventsAsync(call, call.Get(project));
        });
    }

    private static async Task EventsAsync(Call call, string? project)
    {
        var filter = project is null ? null : new EventFilter { Project = project };
        await foreach (var happened in call.Muster.FollowEventsAsync(filter: filter, ct: call.Stop))
        {
            call.Terminal.DocumentLine(happened);
            call.Terminal.Line(EventText.Line(happened));
        }
    }
}
