using Muster.Client;
using Muster.Contracts.Conversations;
using Muster.Contracts.Events;
using Muster.Live;
using Muster.Terminals;
using Spectre.Console;

namespace Muster.Asking;

/// <summary>Looks on until a goal is reached, given up, or needs the person.</summary>
internal sealed class GoalWatch(MusterClient muster, Terminal terminal)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task<GoalInfo> UntilEndAsync(GoalInfo goal, CancellationToken stop)
    {
        await using var feed = new EventFeed(muster, null, goal.Project, stop);
        goal = terminal.Interactive ? await DrawnAsync(feed, goal, stop) : await ToldAsync(feed, goal, stop);
        GoalText.WriteReport(terminal, goal);
        return goal;
    }

    private async Task<GoalInfo> ToldAsync(EventFeed feed, GoalInfo goal, CancellationToken stop)
    {
        while (!Settled(goal))
        {
            foreach (var happened in await feed.NextAsync(Patience, stop))
                if (Concerns(happened, goal)) terminal.Note(EventText.Line(happened));
            goal = await muster.GetGoalAsync(goal.Id, stop);
        }

        return goal;
    }

    private async Task<GoalInfo> DrawnAsync(EventFeed feed, GoalInfo goal, CancellationToken stop)
    {
        var view = new BoardView();
        await AnsiConsole.Live(await PictureAsync(view, goal, stop)).StartAsync(async live =>
        {
            while (!Settled(goal))
            {
                foreach (var happened in await feed.NextAsync(Patience, stop))
                    if (Concerns(happened, goal)) view.Add(happened);
                goal = await muster.GetGoalAsync(goal.Id, stop);
                live.UpdateTarget(await PictureAsync(view, goal, stop));
            }
        });
        return goal;
    }

    private async Task<Spectre.Console.Rendering.IRenderable> PictureAsync(BoardView view, GoalInfo goal, CancellationToken stop)
    {
        var all = await Snapshot.ReadAsync(muster, goal.Project, stop);
        var own = goal.Tasks.Select(t => t.Key).ToHashSet(StringComparer.Ordinal);
        return view.Render(all with { Tasks = [.. all.Tasks.Where(t => own.Contains(t.Key))] }, Console.WindowHeight);
    }

    // Where only the person can go on, staying longer would be waiting for oneself.
    private static bool Settled(GoalInfo goal) => goal.State is GoalState.Done or GoalState.Failed or GoalState.Cancelled || goal.Waiting == GoalWaits.Person;

    private static bool Concerns(EventInfo happened, GoalInfo goal) => !EventText.IsDetail(happened)
        && (happened.TaskId is null ? happened.Data is { } data && data.TryGetProperty("goal", out var key) && key.GetString() == goal.Key : goal.Tasks.Any(t => happened.Text.Contains(t.Key, StringComparison.Ordinal)));
}
