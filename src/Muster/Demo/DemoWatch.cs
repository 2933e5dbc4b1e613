using System.Diagnostics;
using Muster.Client;
using Muster.Commands;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.Hosting;
using Muster.Live;
using Muster.Terminals;

namespace Muster.Demo;

/// <summary>Looks on while the crew works; kills one agent on the way, and gives the person's word where it is asked for.</summary>
internal sealed class DemoWatch(MusterClient muster, ProjectInfo project, RunningHost host, IDemoView view, Terminal terminal, bool yes, bool mayKill)
{
    private const int KillAtPercent = 30;
    private static readonly TimeSpan Stuck = TimeSpan.FromMinutes(5);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    public DemoKill? Killed { get; private set; }

    /// <summary>Goes on until nothing can move any more; the tasks as they then are.</summary>
    public async Task<Snapshot> RunAsync(CancellationToken stop)
    {
        await using var feed = new EventFeed(muster, after: 0, project.Key, stop);
        var moved = Stopwatch.StartNew();
        while (true)
        {
            var news = await feed.NextAsync(TimeSpan.FromSeconds(2), stop);
            foreach (var happened in news) view.Happened(happened);
            if (news.Count > 0) moved.Restart();
            var now = await Snapshot.ReadAsync(muster, project.Key, stop);
            view.Show(now);
            Kill(now);
            var waitsForPerson = await ApproveAsync(now, stop);
            if (host.Completion.IsCompleted) await host.Completion;
            if (now.Tasks.All(task => task.Status is TaskState.Done or TaskState.Cancelled or TaskState.Failed or TaskState.Quarantined)) return now;
            // A person may take their time; the crew may not.
            if (waitsForPerson) moved.Restart();
            if (moved.Elapsed > Stuck) return now;
        }
    }

    private void Kill(Snapshot now)
    {
        if (Killed is not null || !mayKill) return;
        var task = now.Tasks.FirstOrDefault(one => one is { IssueNumber: DemoSetting.KilledDuring, Status: TaskState.InProgress, PercentComplete: >= KillAtPercent });
        var agent = now.Agents.FirstOrDefault(one => task is not null && one.Name == task.Agent);
        if (agent is null || host.Processes.FirstOrDefault(process => process.AgentId == agent.Id)?.Pid is not { } pid) return;
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
        }
        catch (ArgumentException)
        {
            // It ended in this moment; the next look finds the task's next agent.
            return;
        }

        Killed = new DemoKill(agent.Name, pid, task!.Key);
        view.Say($"          kill -9 {pid}: the process of {agent.Name} dies in the middle of {task.Key}; someone else takes it over", Tone.Bad);
    }

    /// <returns>Whether something waits for a person now.</returns>
    private async Task<bool> ApproveAsync(Snapshot now, CancellationToken stop)
    {
        var waiting = now.Pulls.FirstOrDefault(pull => ReviewCommand.WaitsForPerson(pull) && pull.Checks.All(check => check.State is not (JobState.Waiting or JobState.Running)));
        if (waiting is null) return false;
        if (yes) await DecideAsync(waiting, Verdicts.Approve, null, stop);
        else if (terminal.Interactive) await AskAsync(waiting, stop);
        else if (_told.Add(waiting.Id + waiting.HeadSha)) view.Say($"          {PullText.Name(waiting)} waits for your word: muster review show {PullText.Name(waiting)}, then muster review approve {PullText.Name(waiting)}", Tone.Warn);
        return true;
    }

    private async Task AskAsync(PullInfo pull, CancellationToken stop)
    {
        await view.PauseAsync();
        terminal.Line();
        PullText.WriteBrief(terminal, pull, await muster.GetTaskAsync(pull.TaskId, stop));
        terminal.Line();
        PullText.WriteDiff(terminal, await muster.GetPullDiffAsync(pull.Id, stop));
        terminal.Line();
        if (await terminal.AskAsync($"Approve {PullText.Name(pull)}?", stop)) await DecideAsync(pull, Verdicts.Approve, null, stop);
        else await DecideAsync(pull, Verdicts.RequestChanges, await terminal.AskTextAsync("What is to change?", stop) is { Length: > 0 } wish ? wish : "Not like this yet; please look at it again.", stop);
    }

    private async Task DecideAsync(PullInfo pull, string verdict, string? body, CancellationToken stop)
    {
        try
        {
            await muster.CreateReviewAsync(pull.Id, new CreateReview { Verdict = verdict, HeadSha = pull.HeadSha, Body = body }, ct: stop);
            if (verdict != Verdicts.Approve) return;
            view.Say($"          you approved {PullText.Name(pull)} ({pull.Title}){(yes ? " by --yes" : "")}", Tone.Good);
        }
        catch (MusterException error) when (error.Code is ProblemCodes.HeadMoved or ProblemCodes.WrongState)
        {
            // It moved on while we looked; the next look shows what is there now.
            view.Say($"          {error.Message}", Tone.Warn);
        }
    }
}
