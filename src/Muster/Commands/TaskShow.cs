using System.CommandLine;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.Terminals;

namespace Muster.Commands;

internal static class TaskShow
{
    private const int Shown = 20;

    public static Command Create()
    {
        var all = new Option<bool>("--all") { Description = $"All that happened to it, not only the newest {Shown} entries" };
        return new Command("show", "One task: state, attempts, evidence").With(TaskCommand.Key, all).Does(call => RunAsync(call, call.Get(all)));
    }

    private static async Task RunAsync(Call call, bool all)
    {
        var task = await call.Muster.GetTaskAsync(call.Get(TaskCommand.Key), call.Stop);
        var attempts = await call.AllAsync(cursor => call.Muster.ListAssignmentsAsync(task: task.Id, cursor: cursor, ct: call.Stop));
        var evidence = await call.Muster.ListEvidenceAsync(task.Id, call.Stop);
        var (updates, more) = await UpdatesAsync(call, task.Id, all);
        call.Terminal.Document(new { task, attempts, evidence, updates, earlierUpdates = more });
        Write(call.Terminal, task, attempts, evidence);
        History(call.Terminal, updates);
        if (more) call.Terminal.Line($"Earlier entries: muster task show {task.Key} --all", Tone.Faint);
    }

    private static async Task<(IReadOnlyList<TaskUpdateInfo> Updates, bool More)> UpdatesAsync(Call call, string id, bool all)
    {
        if (all) return (await call.AllAsync(cursor => call.Muster.ListTaskUpdatesAsync(id, cursor, ct: call.Stop)), false);
        var newest = await call.Muster.ListNewestTaskUpdatesAsync(id, limit: Shown, ct: call.Stop);
        return ([.. newest.Items.Reverse()], newest.Next is not null);
    }

    private static void Write(Terminal terminal, TaskInfo task, IReadOnlyList<AssignmentInfo> attempts, IReadOnlyList<EvidenceInfo> evidence)
    {
        terminal.Line($"{task.Key}  {Plain.Line(task.Title)}", Tone.Strong);
        terminal.Line($"state       {terminal.Paint(task.Status, Tones.OfState(task.Status))}, {task.PercentComplete}%{(task.Rehearsal ? ", rehearsal" : "")}");
        foreach (var reason in task.WaitingOn) terminal.Line($"            {Plain.Line(reason.Detail)}");
        if (task.LastReason is { } last) terminal.Line($"last reason {Plain.Fit(last, terminal.Width - 12)}");
        terminal.Line($"done means  {(task.Contract.Length == 0 ? "the agent says so" : task.Contract)}{(task.NeedsApproval ? "; a person approves" : "")}");
        if (task.Labels.Count > 0 || task.Role is not null) terminal.Line($"for         {Plain.Line($"{task.Role} {string.Join(' ', task.Labels.Select(label => $"[{label}]"))}")}");
        if (task.Branch is { } branch) terminal.Line($"branch      {Plain.Line(branch)} at {Words.Sha(task.HeadSha)}{(task.PullRequest is { } pull ? $", pull request {task.Project}!{pull}" : "")}");
        if (task.DependsOn.Count > 0) terminal.Line($"after       {string.Join(' ', task.DependsOn)}");
        if (task.Description is { Length: > 0 } text)
        {
            terminal.Line();
            terminal.Block(text.TrimEnd() + "\n");
        }

        if (attempts.Count > 0)
        {
            terminal.Line();
            var grid = new Grid("ATTEMPT", "AGENT", "STATE", "TOOK", "", "REASON OR SUMMARY");
            foreach (var attempt in attempts.OrderBy(one => one.Epoch))
            {
                grid.Row(attempt.Epoch, attempt.Agent, Cell.State(attempt.Status), Words.Span((attempt.EndedAt ?? DateTimeOffset.UtcNow) - attempt.StartedAt),
                    new Cell(Words.Rehearsal(attempt.Rehearsal), Tone.Faint), attempt.Reason ?? attempt.Summary ?? attempt.Note);
            }

            grid.WriteTo(terminal, "");
        }

        if (evidence.Count == 0) return;
        terminal.Line();
        var proof = new Grid("EVIDENCE", "SHOWS", "VERIFIED BY", "COMMIT", "REFERENCE");
        foreach (var one in evidence) proof.Row(one.Kind, Cell.State(one.Outcome), one.Verified ? one.VerifiedBy : "not yet", Words.Sha(one.Sha), one.Reference);
        proof.WriteTo(terminal, "");
    }

    private static void History(Terminal terminal, IReadOnlyList<TaskUpdateInfo> updates)
    {
        if (updates.Count == 0) return;
        terminal.Line();
        var grid = new Grid("WHEN", "WHO", "WHAT");
        foreach (var update in updates.OrderBy(one => one.At)) grid.Row($"{update.At.ToLocalTime():MM-dd HH:mm:ss}", update.Author, update.Text);
        grid.WriteTo(terminal, "");
    }
}
