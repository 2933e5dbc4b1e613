using System.CommandLine;
using Muster.Contracts.Conversations;
using Muster.Contracts.Work;
using Muster.Terminals;

namespace Muster.Commands;

internal static class GoalCommand
{
    private static readonly Argument<string> Goal = new("goal") { Description = "Key of the goal, such as G-3" };

    public static Command Create()
    {
        var reason = new Option<string?>("--reason", "-m") { Description = "Why" };
        var answers = new Argument<string[]>("answers") { Description = "NUMBER=TEXT, once for each question", Arity = ArgumentArity.OneOrMore };
        return new Command("goal", "What you asked the Chief of Staff for, and what has come of it").With(
            List(),
            new Command("show", "The plan of one, its tasks, and how it stands").With(Goal).Does(ShowAsync),
            Approve(),
            new Command("reject", "Say no to a plan").With(Goal, reason).Does(call => DidAsync(call, call.Muster.RejectGoalAsync(call.Get(Goal), new Reason { Text = call.Get(reason) }, ct: call.Stop))),
            new Command("answer", "Answer questions of a plan; what is not answered is taken as the plan says").With(Goal, answers).Does(call =>
                DidAsync(call, call.Muster.AnswerGoalAsync(call.Get(Goal), new AnswerGoal { Answers = [.. call.Get(answers).Select(Answer)] }, ct: call.Stop))),
            new Command("cancel", "Give it up, and those of its tasks that are still open").With(Goal, reason).Does(call =>
                DidAsync(call, call.Muster.CancelGoalAsync(call.Get(Goal), new Reason { Text = call.Get(reason) }, ct: call.Stop))));
    }

    private static Command List()
    {
        var state = new Option<string?>("--state") { Description = $"Only in this state: {string.Join(", ", GoalState.All)}" };
        state.AcceptOnlyFromAmong([.. GoalState.All]);
        var limit = new Option<int>("--limit") { Description = "At most so many", DefaultValueFactory = _ => 50, HelpName = "N" };
        return new Command("list", "Goals, the newest first").With(state, limit).Does(async call =>
        {
            var goals = await call.AllAsync(cursor => call.Muster.ListGoalsAsync(call.Get(state), cursor: cursor, ct: call.Stop), call.Get(limit));
            call.Terminal.Document(goals);
            var grid = new Grid("GOAL", "STATE", "DONE", "PROJECT", "WAITS FOR", "WHAT");
            foreach (var goal in goals)
            {
                var counts = goal.Tasks.Where(t => t.Counts).ToList();
                grid.Row(goal.Key, Cell.State(goal.State), counts.Count == 0 ? "" : $"{counts.Count(t => t.Status == TaskState.Done)}/{counts.Count}", goal.Project, goal.Waiting?.Replace('_', ' '), goal.Title ?? goal.Request);
            }

            grid.WriteTo(call.Terminal, "No goals yet. Say what you want: muster ask \"...\"");
        });
    }

    private static Command Approve()
    {
        var version = new Option<int?>("--version") { Description = "Only when the plan is at this version", HelpName = "N" };
        return new Command("approve", "Begin a plan: its tasks are made all at once").With(Goal, version).Does(call =>
            DidAsync(call, call.Muster.ApproveGoalAsync(call.Get(Goal), new ApproveGoal { PlanVersion = call.Get(version) }, ct: call.Stop)));
    }

    private static async Task ShowAsync(Call call)
    {
        var goal = await call.Muster.GetGoalAsync(call.Get(Goal), call.Stop);
        call.Terminal.Document(goal);
        if (goal.State is GoalState.WaitingApproval)
        {
            GoalText.WritePlan(call.Terminal, goal);
            GoalText.WriteWays(call.Terminal, goal);
            return;
        }

        GoalText.WriteReport(call.Terminal, goal);
        if (goal.Tasks.Count == 0) return;
        call.Terminal.Line();
        var grid = new Grid("#", "TASK", "STATE", "ROLE", "", "TITLE");
        foreach (var task in goal.Tasks) grid.Row($"{task.Number}", task.Key, Cell.State(task.Status), task.Role, new Cell(task.Counts ? "" : "left out", Tone.Faint), task.Title);
        grid.WriteTo(call.Terminal, "");
    }

    private static async Task DidAsync(Call call, Task<GoalInfo> doing)
    {
        var goal = await doing;
        call.Terminal.Document(goal);
        GoalText.WriteReport(call.Terminal, goal);
    }

    private static QuestionAnswer Answer(string text)
    {
        var at = text.IndexOf('=', StringComparison.Ordinal);
        return at > 0 && int.TryParse(text.AsSpan(0, at), out var number)
            ? new QuestionAnswer { Question = number, Text = text[(at + 1)..] }
            : throw new CommandException($"\"{text}\" is no answer.", "NUMBER=TEXT, such as 1=\"port 8080\"") { Code = ExitCodes.BadUsage };
    }
}
