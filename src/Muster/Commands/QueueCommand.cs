using System.CommandLine;
using Muster.Terminals;

namespace Muster.Commands;

internal static class QueueCommand
{
    public static Command Create()
    {
        var project = new Option<string?>("--project") { Description = "Only of this project", HelpName = "KEY" };
        return new Command("queue", "What waits to be merged, in order").With(project).Does(async call =>
        {
            var entries = await call.Muster.ListMergeQueueAsync(call.Get(project), call.Stop);
            call.Terminal.Document(entries);
            var grid = new Grid("#", "PULL", "TASK", "INTO", "STATE", "COMMIT", "SINCE", "DETAIL");
            foreach (var entry in entries)
            {
                grid.Row(entry.Position == 0 ? "-" : entry.Position, entry.PullRequest is { } pull ? $"{entry.Project}!{pull}" : "", entry.TaskKey ?? $"epic {entry.Epic}", entry.Target, Cell.State(entry.State),
                    Words.Sha(entry.CandidateSha ?? entry.HeadSha), Words.Ago(entry.EnqueuedAt), entry.Detail);
            }

            grid.WriteTo(call.Terminal, "The merge queue is empty.");
        });
    }
}
