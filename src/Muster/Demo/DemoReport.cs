using System.Globalization;
using Muster.Client;
using Muster.Commands;
using Muster.Contracts.Delivery;
using Muster.Contracts.Models;
using Muster.Contracts.Work;
using Muster.Live;
using Muster.Terminals;

namespace Muster.Demo;

/// <summary>Compares what the plane says with what the repository and the service say themselves.</summary>
internal static class DemoReport
{
    private static readonly string[] Trailers = ["Muster-Task", "Muster-Assignment", "Muster-Agent"];

    public static async Task<IReadOnlyList<DemoTask>> TasksAsync(MusterClient muster, Snapshot now, CostReport spent, CancellationToken ct)
    {
        List<DemoTask> tasks = [];
        foreach (var task in now.Tasks.OrderBy(one => one.IssueNumber, StringComparer.Ordinal))
        {
            var evidence = await muster.ListEvidenceAsync(task.Id, ct);
            var models = spent.Rows.FirstOrDefault(row => row.Name == task.Key);
            tasks.Add(new DemoTask
            {
                Key = task.Key,
                Title = task.Title,
                Agent = task.Agent,
                Attempts = task.Attempts,
                Commit = now.Pulls.FirstOrDefault(pull => pull.TaskId == task.Id && pull.State == PullState.Merged)?.MergeSha ?? task.HeadSha,
                Evidence = [.. evidence.Where(one => one.Verified && one.Outcome != "fail").Select(Word).Distinct(StringComparer.Ordinal)],
                Seconds = task is { StartedAt: { } start, CompletedAt: { } end } ? Math.Round((end - start).TotalSeconds, 1) : null,
                Status = task.Status,
                Rehearsal = task.Rehearsal,
                Calls = models?.Calls ?? 0,
                Tokens = models is null ? 0 : models.TokensIn + models.TokensCached + models.TokensOut,
            });
        }

        return tasks;
    }

    /// <summary>What keeps the demo from having worked, each in a sentence.</summary>
    public static IReadOnlyList<string> Missing(IReadOnlyList<DemoTask> tasks, DemoTarget target, string? planeHead, DeploymentInfo? deployment, DemoHealth? health, DemoKill? killed, bool mayKill)
    {
        List<string> missing = [];
        foreach (var task in tasks)
        {
            if (task.Status != TaskState.Done) missing.Add($"{task.Key} is {task.Status}, not done.");
            else if (task.Calls == 0) missing.Add($"{task.Key} was done without a model.");
            else if (!target.Commits.Any(commit => commit.Trailers.GetValueOrDefault("Muster-Task") == task.Key && Trailers.All(commit.Trailers.ContainsKey)))
                missing.Add($"{target.Branch} has no commit with the trailers of {task.Key}.");
            else if (target.Commits.All(commit => commit.Sha != task.Commit)) missing.Add($"{target.Branch} does not hold {task.Commit}, which the plane names for {task.Key}.");
        }

        if (planeHead is not null && planeHead != target.Head) missing.Add($"The repository's {target.Branch} is at {target.Head}, the plane's at {planeHead}.");
        if (killed is null && mayKill) missing.Add("No agent was killed: the long task ended before it could be.");
        if (health is null) missing.Add($"Nothing was deployed: {deployment?.Detail ?? "the tasks are not done"}.");
        else if (health.Status != 200) missing.Add($"{health.Url} answered {health.Status}.");
        return missing;
    }

    public static void Write(Terminal terminal, DemoResult result, bool stays)
    {
        terminal.Line();
        var grid = new Grid("TASK", "STATE", "AGENT", "ATTEMPTS", "COMMIT", "EVIDENCE", "TIME", "TITLE");
        foreach (var task in result.Tasks)
        {
            grid.Row(task.Key, Cell.State(task.Status), $"{task.Agent}{(task.Rehearsal ? " (rehearsal)" : "")}", task.Attempts, Words.Sha(task.Commit),
                string.Join(", ", task.Evidence), task.Seconds is { } seconds ? $"{seconds:0.0} s" : "", task.Title);
        }

        grid.WriteTo(terminal, "No tasks.");
        terminal.Line();
        if (result.Killed is { } killed) terminal.Line($"killed      {killed.Agent} (process {killed.Pid}) in the middle of {killed.Task}; taken over by {result.Tasks.FirstOrDefault(task => task.Key == killed.Task)?.Agent}");
        if (result.Health is { } health) terminal.Line($"deployed    GET {health.Url} -> {health.Status} {Plain.Line(health.Body)}", health.Status == 200 ? Tone.Good : Tone.Bad);
        terminal.Line(string.Create(CultureInfo.InvariantCulture, $"models      {result.Models.Calls:N0} calls, {result.Models.TokensIn:N0} tokens in, {result.Models.TokensOut:N0} out, ${CostCommand.Usd(result.Models.Usd)}; muster cost --by task"));
        if (result.Recorded is { } recorded) terminal.Line($"recorded    {recorded} answers");
        terminal.Line($"repository  git -C {result.Repository} log --graph --oneline");
        terminal.Line($"data        {result.Data}");
        terminal.Line($"address     {result.Server}{(stays ? "/docs" : " (stopped)")}");
        terminal.Line($"token       {Connections.ServerFile.In(result.Data)}");
        if (stays) terminal.Line("look around muster status | task show HEL-1 | task log HEL-2 | review list | agent list   (in another terminal)");
        terminal.Line($"took        {result.Seconds:0.0} s");
        terminal.Line();
        terminal.Line(result.Note, Tone.Faint);
        foreach (var one in result.Missing) terminal.Line($"missing: {one}", Tone.Bad);
    }

    private static string Word(EvidenceInfo evidence) => evidence.Outcome is { Length: > 0 } outcome ? $"{evidence.Kind}({outcome})" : evidence.Kind;
}
