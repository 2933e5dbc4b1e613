using System.CommandLine;
using Muster.Contracts.Work;
using Muster.Terminals;

namespace Muster.Commands;

internal static class TaskCommand
{
    internal static readonly Argument<string> Key = new("task") { Description = "Key of the task, such as FLT-12" };

    public static Command Create()
    {
        var reason = new Option<string?>("--reason", "-m") { Description = "Why, for the record" };
        return new Command("task", "Units of work").With(
            TaskAdd.Create(),
            List(),
            TaskShow.Create(),
            new Command("why", "Why it stands where it stands").With(Key).Does(WhyAsync),
            TaskLog.Create(),
            Comment(),
            new Command("retry", "Hand out again what failed, was cancelled or is quarantined").With(Key, reason).Does(call =>
                DidAsync(call, "waits to be claimed again", call.Muster.RetryTaskAsync(call.Get(Key), new Reason { Text = call.Get(reason) }, ct: call.Stop))),
            new Command("cancel", "Give it up; whoever holds it is stopped").With(Key, reason).Does(call =>
                DidAsync(call, "is cancelled", call.Muster.CancelTaskAsync(call.Get(Key), new Reason { Text = call.Get(reason) }, ct: call.Stop))));
    }

    private static Command Comment()
    {
        var text = new Argument<string>("text") { Description = "What to say" };
        return new Command("comment", "Write on it: a hint for the next attempt, or the answer to an agent's question").With(Key, text).Does(async call =>
        {
            call.Terminal.Document(await call.Muster.AddTaskUpdateAsync(call.Get(Key), new AddTaskUpdate { Text = call.Get(text) }, ct: call.Stop));
            call.Terminal.Line($"noted on {Plain.Line(call.Get(Key))}");
        });
    }

    private static Command List()
    {
        var project = new Option<string?>("--project") { Description = "Only of this project", HelpName = "KEY" };
        var status = new Option<string?>("--status") { Description = $"Only in this state: {string.Join(", ", TaskState.All)}" };
        status.AcceptOnlyFromAmong([.. TaskState.All]);
        var epic = new Option<int?>("--epic") { Description = "Only of the epic with this number", HelpName = "N" };
        var agent = new Option<string?>("--agent") { Description = "Only what this agent holds or held last", HelpName = "NAME" };
        var search = new Option<string?>("--search") { Description = "Only with this in title or key", HelpName = "TEXT" };
        var limit = new Option<int>("--limit") { Description = "At most so many", DefaultValueFactory = _ => 200, HelpName = "N" };
        return new Command("list", "Tasks").With(project, status, epic, agent, search, limit).Does(async call =>
        {
            var most = call.Get(limit);
            var tasks = await call.AllAsync(cursor => call.Muster.ListTasksAsync(call.Get(project), call.Get(status), call.Get(epic),
                agent: call.Get(agent), search: call.Get(search), cursor: cursor, ct: call.Stop), most);
            call.Terminal.Document(tasks);
            TaskGrid(tasks).WriteTo(call.Terminal, "No tasks. Add one: muster task add --project KEY \"TITLE\"");
            if (tasks.Count == most) call.Terminal.Note($"The first {most} only; --limit shows more.");
        });
    }

    private static async Task WhyAsync(Call call)
    {
        var why = await call.Muster.ExplainTaskAsync(call.Get(Key), call.Stop);
        call.Terminal.Document(why);
        call.Terminal.Line(Plain.Line(why.Sentence));
    }

    private static async Task DidAsync(Call call, string what, Task<TaskInfo> doing)
    {
        var task = await doing;
        call.Terminal.Document(task);
        call.Terminal.Line($"{task.Key} {what}");
    }

    internal static Grid TaskGrid(IEnumerable<TaskInfo> tasks)
    {
        var grid = new Grid("TASK", "STATE", "%", "AGENT", "WAITS FOR", "", "TITLE");
        foreach (var task in tasks)
        {
            grid.Row(task.Key, Cell.State(task.Status), task.PercentComplete, task.Agent, Plain.Fit(Waiting(task), 40),
                new Cell(Words.Rehearsal(task.Rehearsal), Tone.Faint), task.IssueNumber is { } number ? $"{number} {task.Title}" : task.Title);
        }

        return grid;
    }

    private static string Waiting(TaskInfo task) => task.WaitingOn.Count switch
    {
        0 => "",
        1 => Short(task.WaitingOn[0]),
        var more => $"{Short(task.WaitingOn[0])} and {more - 1} more",
    };

    private static string Short(WaitingReason reason) => reason.On is { } on ? $"{reason.Code.Replace('_', ' ')} {on}" : reason.Code.Replace('_', ' ');
}
