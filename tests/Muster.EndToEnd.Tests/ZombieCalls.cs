using System.Text;
using System.Text.Json;
using Muster.Client;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Work;

namespace Muster.EndToEnd.Tests;

/// <summary>Everything an agent can do about its task, done with a lease that somebody else holds by now.</summary>
internal sealed class ZombieCalls(MusterClient zombie, Repository repository, string lease, AssignmentInfo own, AssignmentInfo heirs)
{
    private static readonly JsonSerializerOptions Json = new(Wire.Json) { WriteIndented = true };

    private readonly CallOptions _old = new() { Lease = lease, MaxRetries = 0 };

    /// <summary>Tries all; each must be refused. Answers how many there were.</summary>
    public async Task<int> TryAllAsync()
    {
        var calls = Calls().ToList();
        foreach (var (name, call) in calls)
        {
            var refusal = await Record.ExceptionAsync(call);
            Assert.True(refusal is LeaseLostException { StatusCode: 409, Code: ProblemCodes.LeaseLost }, $"{name}: {refusal?.ToString() ?? "was taken"}");
        }

        var beat = await zombie.HeartbeatAsync(new HeartbeatRequest { Agent = own.Agent, Leases = [lease] });
        Assert.False(Assert.Single(beat.Leases).Current);
        return calls.Count + 1 + await PushAllAsync();
    }

    /// <summary>All that a zombie could have changed, as one text.</summary>
    public static async Task<string> SeenAsync(MusterClient plane, string assignment, Repository mirror)
    {
        var task = await plane.GetTaskAsync("WRD-1");
        // The heir writes to its log as it likes; only nobody else may.
        Assert.DoesNotContain("zombie", (await plane.GetAssignmentLogAsync(assignment)).Text, StringComparison.Ordinal);
        return JsonSerializer.Serialize(new object[]
        {
            task,
            await plane.ListAssignmentsAsync(task: task.Id),
            await plane.ListEvidenceAsync(task.Id),
            await plane.ListTaskUpdatesAsync(task.Id),
            (await plane.ListEventsAsync(filter: new EventFilter { Task = task.Id })).Items,
            (await plane.ListArtifactsAsync(task: task.Id)).Items,
            (await plane.ListModelUsageAsync()).Items,
            await mirror.GitAsync("for-each-ref"),
        }, Json);
    }

    private IEnumerable<(string Name, Func<Task> Call)> Calls()
    {
        foreach (var (whose, id) in new[] { ("its own", own.Id), ("the heir's", heirs.Id) })
        {
            yield return ($"complete {whose}", () => zombie.CompleteAssignmentAsync(id, new CompleteAssignment { HeadSha = new string('a', 40), Summary = "done by a zombie" }, _old));
            yield return ($"fail {whose}", () => zombie.FailAssignmentAsync(id, new FailAssignment { Reason = "failed by a zombie" }, _old));
            yield return ($"release {whose}", () => zombie.ReleaseAssignmentAsync(id, new ReleaseAssignment { Reason = "released by a zombie" }, _old));
            yield return ($"progress of {whose}", () => zombie.ReportAssignmentProgressAsync(id, new AssignmentProgress { PercentComplete = 99, Note = "by a zombie", SpentHours = 9, WipSha = new string('b', 40) }, _old));
            yield return ($"log of {whose}", () => zombie.AppendAssignmentLogAsync(id, new AppendLog { Offset = 0, Text = "by a zombie\n" }, _old));
        }

        yield return ("progress of the task", () => zombie.ReportTaskProgressAsync(own.TaskId, new TaskProgress { PercentComplete = 98, Note = "by a zombie" }, _old));
        yield return ("branch of the task", () => zombie.SetTaskGitAsync(own.TaskId, new TaskGit { Branch = "agent/zombie/x", HeadSha = new string('c', 40) }, _old));
        yield return ("comment", () => zombie.AddTaskUpdateAsync(own.TaskId, new AddTaskUpdate { Text = "by a zombie" }, _old));
        yield return ("evidence", () => zombie.AddEvidenceAsync(new CreateEvidence { Task = own.TaskId, Kind = EvidenceKinds.Research, Reference = "by a zombie" }, _old));
        yield return ("event", () => zombie.CreateEventAsync(new CreateEvent { Type = EventTypes.CustomPrefix + "zombie", Text = "by a zombie", Task = own.TaskId }, _old));
        yield return ("model usage", () => zombie.CreateModelUsageAsync(new CreateModelUsage { Task = own.TaskId, Provider = "none", Model = "none", TokensIn = 1 }, _old));
        yield return ("artifact", () => zombie.CreateArtifactAsync("zombie.txt", new MemoryStream("by a zombie"u8.ToArray()), own.TaskId, call: _old));
    }

    /// <summary>Real pushes: to its own branch and half-done work, to its heir's, to the target, to a new branch.</summary>
    private async Task<int> PushAllAsync()
    {
        string[] references =
        [
            "refs/heads/agent/zombie/wrd-1-alpha", $"refs/muster/wip/WRD-1/{own.Epoch}",
            "refs/heads/agent/heir/wrd-1-alpha", $"refs/muster/wip/WRD-1/{heirs.Epoch}",
            "refs/heads/trunk", "refs/heads/zombie",
        ];
        var project = (await zombie.GetTaskAsync(own.TaskId)).ProjectId;
        var url = new Uri(zombie.Options.Server, Routes.With(Routes.Git, project)).AbsoluteUri;
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["GIT_TERMINAL_PROMPT"] = "0",
            ["GIT_CONFIG_COUNT"] = "1",
            ["GIT_CONFIG_KEY_0"] = "http.extraHeader",
            ["GIT_CONFIG_VALUE_0"] = "Authorization: Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("muster:" + lease)),
        };
        var commit = await repository.GitAsync("commit-tree", "-m", "By a zombie", "-p", "trunk", "trunk^{tree}");
        foreach (var reference in references)
        {
            var (code, _, error) = await repository.TryGitAsync(environment, "push", "--force", url, $"{commit}:{reference}");
            Assert.True(code != 0 && error.Contains("lease", StringComparison.OrdinalIgnoreCase), $"push to {reference}: exit code {code}: {error}");
        }

        return references.Length;
    }
}
