using System.CommandLine;
using Muster.Contracts.Delivery;
using Muster.Terminals;

namespace Muster.Commands;

internal static class ReviewCommand
{
    private static readonly Argument<string> Pull = new("pull") { Description = "The pull request: KEY!3, or the key of its task" };
    private static readonly Option<string?> Message = new("--message", "-m") { Description = "What you have to say about it" };

    public static Command Create() => new Command("review", "Pull requests, and your word on them").With(
        List(),
        new Command("show", "Brief, checks and diff").With(Pull).Does(ShowAsync),
        new Command("approve", "Let it into the merge queue").With(Pull, Message).Does(call => DecideAsync(call, Verdicts.Approve, "approved")),
        new Command("reject", "Send it back to an agent with what is to change (-m)").With(Pull, Message).Does(RejectAsync));

    private static Command List()
    {
        var project = new Option<string?>("--project") { Description = "Only of this project", HelpName = "KEY" };
        var state = new Option<string?>("--state") { Description = "Only in this state: open, queued, changes_requested, merged, closed" };
        return new Command("list", "Pull requests, those that wait for you first").With(project, state).Does(async call =>
        {
            var pulls = await call.AllAsync(cursor => call.Muster.ListPullsAsync(call.Get(project), call.Get(state), cursor: cursor, ct: call.Stop), 200);
            call.Terminal.Document(pulls);
            var grid = new Grid("PULL", "TASK", "STATE", "CHECKS", "CHANGE", "AGENT", "", "TITLE");
            foreach (var pull in pulls.OrderByDescending(WaitsForPerson))
            {
                grid.Row(PullText.Name(pull), pull.TaskKey, WaitsForPerson(pull) ? new Cell("waits for you", Tone.Warn) : Cell.State(pull.State), PullText.Checks(pull),
                    $"+{pull.Additions} -{pull.Deletions}", pull.Author, new Cell(Words.Rehearsal(pull.Rehearsal), Tone.Faint), pull.Title);
            }

            grid.WriteTo(call.Terminal, "No pull requests.");
        });
    }

    private static async Task ShowAsync(Call call)
    {
        var pull = await PullLookup.FindAsync(call.Muster, call.Get(Pull), call.Stop);
        var task = await call.Muster.GetTaskAsync(pull.TaskId, call.Stop);
        var diff = await call.Muster.GetPullDiffAsync(pull.Id, call.Stop);
        call.Terminal.Document(new { pull, task, diff });
        PullText.WriteBrief(call.Terminal, pull, task);
        call.Terminal.Line();
        PullText.WriteDiff(call.Terminal, diff);
    }

    private static Task RejectAsync(Call call) => string.IsNullOrWhiteSpace(call.Get(Message))
        ? throw new CommandException("Say what is to change; the agent gets it with its next attempt.", "muster review reject PULL -m \"...\"") { Code = ExitCodes.BadUsage }
        : DecideAsync(call, Verdicts.RequestChanges, "sent back");

    private static async Task DecideAsync(Call call, string verdict, string what)
    {
        var pull = await PullLookup.FindAsync(call.Muster, call.Get(Pull), call.Stop);
        var after = await call.Muster.CreateReviewAsync(pull.Id, new CreateReview { Verdict = verdict, HeadSha = pull.HeadSha, Body = call.Get(Message) }, ct: call.Stop);
        call.Terminal.Document(after);
        call.Terminal.Line($"{PullText.Name(after)} {what} at {Words.Sha(pull.HeadSha)}");
    }

    internal static bool WaitsForPerson(PullInfo pull) => pull is { State: PullState.Open, NeedsApproval: true, Approved: false };
}
