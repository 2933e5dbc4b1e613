using System.CommandLine;
using System.Text;
using Muster.Contracts.Work;
using Muster.Terminals;

namespace Muster.Commands;

internal static class TaskLog
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    public static Command Create()
    {
        var attempt = new Option<int?>("--attempt") { Description = "Which attempt; the newest when left out", HelpName = "N" };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on until the attempt ends" };
        return new Command("log", "What an attempt wrote").With(TaskCommand.Key, attempt, follow).Does(call => RunAsync(call, call.Get(attempt), call.Get(follow)));
    }

    private static async Task RunAsync(Call call, int? attempt, bool follow)
    {
        var key = call.Get(TaskCommand.Key);
        var whole = new StringBuilder();
        long after = 0;
        LogText piece;
        do
        {
            // The state is read first: whatever the attempt wrote before its end is then in the piece that follows.
            var active = follow && await IsActiveAsync(call, key, attempt);
            piece = await call.Muster.GetTaskLogAsync(key, attempt, after, call.Stop);
            if (call.Terminal.Json) whole.Append(piece.Text);
            else call.Terminal.Block(piece.Text);
            var news = piece.Next > after;
            after = piece.Next;
            if (!news && !active) break;
            if (!news) await Task.Delay(Period, call.Stop);
        }
        while (true);

        call.Terminal.Document(new LogText { Text = whole.ToString(), Next = after, Truncated = piece.Truncated });
        if (piece.Truncated) call.Terminal.Note("The log reached its limit; the rest was left out.");
    }

    private static async Task<bool> IsActiveAsync(Call call, string key, int? attempt)
    {
        var task = await call.Muster.GetTaskAsync(key, call.Stop);
        return task.Status == TaskState.InProgress && (attempt is null || attempt == task.Attempts);
    }
}
