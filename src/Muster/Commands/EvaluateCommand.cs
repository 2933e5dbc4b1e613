using System.CommandLine;
using Muster.Client;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.Terminals;

namespace Muster.Commands;

/// <summary>Recorded tasks carried out anew, under a role as it is and as a proposal would have it.</summary>
internal static class EvaluateCommand
{
    private static readonly Argument<string> Pull = new("proposal") { Description = "The pull request: FLEET!3, or the key of its task" };

    public static Command Create()
    {
        var tasks = new Option<string?>("--tasks") { Description = "Done tasks of the role that are done anew", HelpName = "KEY,KEY" };
        var last = new Option<int?>("--last") { Description = $"Or so many of the last ones; {EvaluationLimits.UsualTasks} when nothing is said", HelpName = "N" };
        var usd = new Option<double?>("--usd") { Description = $"The most that all of it may cost, in US dollars; {EvaluationLimits.UsualUsd:0} when nothing is said", HelpName = "AMOUNT" };
        var tokens = new Option<long?>("--tokens") { Description = $"The same in tokens; {EvaluationLimits.UsualTokens:N0} when nothing is said", HelpName = "N" };
        var show = new Option<bool>("--show") { Description = "Only show how the last one stands" };
        var cancel = new Option<bool>("--cancel") { Description = "Stop the one that is at work" };
        return new Command("evaluate", "Try a proposed role on recorded tasks, against the role as it is").With(Pull, tasks, last, usd, tokens, show, cancel).Does(async call =>
        {
            var pull = await PullLookup.FindAsync(call.Muster, call.Get(Pull), call.Stop);
            if (call.Get(show) || call.Get(cancel))
            {
                var newest = await NewestAsync(call.Muster, pull, call.Stop);
                Write(call.Terminal, call.Get(cancel) ? await call.Muster.CancelEvaluationAsync(newest.Id, ct: call.Stop) : newest);
                return;
            }

            Write(call.Terminal, await call.Muster.CreateEvaluationAsync(pull.Id, new CreateEvaluation
            {
                Tasks = call.Get(tasks)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
                Last = call.Get(last),
                LimitUsd = call.Get(usd),
                LimitTokens = call.Get(tokens),
            }, ct: call.Stop));
            call.Terminal.Note($"Agents carry the trials out like other tasks; nothing of them is merged. See: muster evaluate '{PullText.Name(pull)}' --show");
        });
    }

    private static async Task<EvaluationInfo> NewestAsync(MusterClient muster, PullInfo pull, CancellationToken ct) =>
        (await muster.ListEvaluationsAsync(pull.Id, limit: 1, ct: ct)).Items is [{ } newest, ..] ? newest
            : throw new CommandException($"{PullText.Name(pull)} was not evaluated.", $"muster evaluate '{PullText.Name(pull)}'");

    private static void Write(Terminal terminal, EvaluationInfo info)
    {
        terminal.Document(info);
        terminal.Line($"{Plain.Line(info.Pull)}  {Plain.Line(info.Role)} at {Words.Sha(info.HeadSha)}: {info.State}{(info.Reason is { } why ? $" ({Plain.Line(why)})" : "")}, at most ${info.LimitUsd:0.##}", Tone.Strong);
        var grid = new Grid("TASK", "ROLE", "AS", "OUTCOME", "CHECKS", "CALLS", "TOKENS", "US$", "SECONDS");
        foreach (var task in info.Tasks)
        {
            Row(grid, task.Task, "before", task.Before);
            Row(grid, "", "after", task.After);
        }

        grid.WriteTo(terminal, "No trials.");
        terminal.Line($"passed: {info.Before.Passed} of {info.Tasks.Count} before, {info.After.Passed} after; tokens: {info.Before.Tokens:N0} before, {info.After.Tokens:N0} after");
        foreach (var (task, side, trial) in info.Tasks.SelectMany(t => ((string, string, TrialInfo)[])[(t.Task, "before", t.Before), (t.Task, "after", t.After)]).Where(t => t.Item3.Detail is not null))
            terminal.Line($"{task} {side}: {Plain.Fit(trial.Detail, 200)}");
    }

    private static void Row(Grid grid, string task, string side, TrialInfo trial) =>
        grid.Row(task, side, trial.Task, trial.Outcome ?? "not over", $"{trial.ChecksPassed}/{trial.Checks}", $"{trial.Calls}", $"{trial.Tokens:N0}", $"{trial.Usd:0.0000}", $"{trial.Seconds:0}");
}
