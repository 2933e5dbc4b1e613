using Muster.Client;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Models;
using Muster.Contracts.Work;
using Muster.Proof.Checking;

namespace Muster.Proof.Chaos;

/// <summary>The paths on which an agent can write, tried with a lease that is over by its own clock. The checker decides whether it was.</summary>
internal sealed class Zombie(MusterClient plane, Scribe scribe, ClaimedTask task)
{
    /// <summary>One in eight tries every path, the others two of them: after a stall of the plane there are hundreds of zombies at once.</summary>
    public async Task TryAsync(Random random, CancellationToken ct)
    {
        var paths = Paths(ct);
        random.Shuffle(paths);
        foreach (var path in paths.Take(random.Next(8) == 0 ? paths.Length : 2)) await path();
    }

    private Func<Task>[] Paths(CancellationToken ct)
    {
        var (id, taskId) = (task.Assignment.Id, task.Task.Id);
        return
        [
            () => WriteAsync("progress", null, call => plane.ReportAssignmentProgressAsync(id, new AssignmentProgress { PercentComplete = 99 }, call, ct)),
            () => WriteAsync("log", null, call => plane.AppendAssignmentLogAsync(id, new AppendLog { Offset = 0, Text = "by a zombie\n" }, call, ct)),
            () => WriteAsync("task progress", null, call => plane.ReportTaskProgressAsync(taskId, new TaskProgress { PercentComplete = 98 }, call, ct)),
            () => WriteAsync("branch", null, call => plane.SetTaskGitAsync(taskId, new TaskGit { Branch = "agent/zombie/x" }, call, ct)),
            () => WriteAsync("comment", Effect("comment"), call => plane.AddTaskUpdateAsync(taskId, new AddTaskUpdate { Text = Effect("comment") }, call, ct)),
            () => WriteAsync("evidence", Effect("evidence"), call => plane.AddEvidenceAsync(new CreateEvidence { Task = taskId, Kind = EvidenceKinds.Research, Reference = Effect("evidence") }, call, ct)),
            () => WriteAsync("event", null, call => plane.CreateEventAsync(new CreateEvent { Type = EventTypes.CustomPrefix + "zombie", Text = "by a zombie", Task = taskId }, call, ct)),
            () => WriteAsync("model usage", null, call => plane.CreateModelUsageAsync(new CreateModelUsage { Task = taskId, Provider = "none", Model = "none", TokensIn = 1 }, call, ct)),
            () => WriteAsync("artifact", null, call => plane.CreateArtifactAsync("zombie.txt", new MemoryStream("by a zombie"u8.ToArray()), taskId, call: call, ct: ct)),
        ];
    }

    private string Effect(string path) => $"{task.Task.Id}:{task.Assignment.Epoch}:{task.Assignment.Agent}:{path}";

    private Task WriteAsync(string path, string? effect, Func<CallOptions, Task> send) => scribe.CallAsync(Kinds.Write, task, path, effect, call => send(call with { MaxRetries = 0 }));
}
