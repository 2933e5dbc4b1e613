using Muster.Client;
using Spectre.Console;

namespace Muster.Live;

/// <summary>The live picture of <c>muster watch</c>.</summary>
internal static class Screen
{
    public static async Task RunAsync(MusterClient muster, string? project, CancellationToken stop)
    {
        var view = new BoardView();
        await using var feed = new EventFeed(muster, null, project, stop);
        var now = await Snapshot.ReadAsync(muster, project, stop);
        await AnsiConsole.Live(view.Render(now, Console.WindowHeight)).StartAsync(async live =>
        {
            while (!stop.IsCancellationRequested)
            {
                foreach (var happened in await feed.NextAsync(TimeSpan.FromSeconds(2), stop)) view.Add(happened);
                now = await Snapshot.ReadAsync(muster, project, stop);
                live.UpdateTarget(view.Render(now, Console.WindowHeight));
            }
        });
    }
}
