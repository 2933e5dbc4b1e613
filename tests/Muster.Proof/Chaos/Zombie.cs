using Muster.Client;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Models;
using Muster.Contracts.Work;
using Muster.Proof.Checking;

namespace Muster.Proof.Chaos;

/// <summary>Every path on which an agent can write, tried with a lease that is over by its own clock. The checker decides whether it was.</summary>
internal sealed class Zombie(MusterClient plane, Scribe scribe, ClaimedTask task)
{
    public async Task TryAllAsync(CancellationToken ct)
    {
        var (id, taskId) = (task.Assignment.Id, task.Task.Id);
        await WriteAsync("progress", null, call => plane.ReportAssignmentProgressAsync(id, new AssignmentProgress { PercentComplete = 99 }, call, ct));
        await WriteAsync("log", null, call => plane.AppendAssignmentLogAsync(id, new AppendLog { Offset = 0, Text = "by a zombie\n" }, call, ct));
        await WriteAsync("task progress", null, call => plane.ReportTaskProgressAsync(taskId, new TaskProgress { PercentComplete = 98 }, call, ct));
        await WriteAsync("branch", null, call => plane.SetTaskGitAsync(taskId, new TaskGit { Branch = "agent/zombie/x" }, call, ct));
        await WriteAsync("comment", Effect("comment"), call => plane.AddTaskUpdateAsync(taskId, new AddTaskUpdate { Text = Effect("comment") }, call, ct));
        await WriteAsync("evidence", Effect("evidence"), call => plane.AddEvidenceAsync(new CreateEvidence { Task = taskId, Kind = EvidenceKinds.Research, Reference = Effect("evidence") }, call, ct));
        await WriteAsync("event", null, call => plane.CreateEventAsync(new CreateEvent { Type = EventTypes.CustomPrefix + "zombie", Text = "by a zombie", Task = taskId }, call, ct));
        await WriteAsync("model usage", null, call => plane.CreateModelUsageAsync(new CreateModelUsage { Task = taskId, Provider = "none", Model = "none", TokensIn = 1 }, call, ct));
        await WriteAsync("artifact", null, call => plane.CreateArtifactAsync("zombie.txt", new MemoryStream("by a zombie"u8.ToArray()), taskId, call: call, ct: ct));
    }

    private string Effect(string path) => $"{task.Task.Id}:{task.Assignment.Epoch}:{task.Assignment.Agent}:{path}";

    private Task WriteAsync(string path, string? effect, Func<CallOptions, Task> send) => scribe.CallAsync(Kinds.Write, task, path, effect, call => send(call with { MaxRetries = 0 }));
}
