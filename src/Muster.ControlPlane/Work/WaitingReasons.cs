using System.Text.Json;
using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>What the reasons are told from; read together for a page of tasks.</summary>
public sealed record WaitingFacts
{
    /// <summary>Dependencies by task: key and state of each.</summary>
    public required ILookup<string, (string Key, string Status)> Dependencies { get; init; }
    public required IReadOnlyDictionary<string, EpicRow> Epics { get; init; }
    public required IReadOnlyList<RoleCapacity> Agents { get; init; }
    public required IReadOnlyDictionary<string, IReadOnlyList<WaitingReason>> Review { get; init; }
}

/// <summary>How many tasks the active agents of a role can hold and hold.</summary>
public sealed record RoleCapacity
{
    public string? Role { get; init; }
    public string Labels { get; init; } = "[]";
    public int Agents { get; init; }
    public int Capacity { get; init; }
    public int Running { get; init; }
}

/// <summary>Why a task does not move. Pure: every task that does not run has a reason with a code.</summary>
public static class WaitingReasons
{
    public static IReadOnlyList<WaitingReason> Of(TaskRow task, WaitingFacts facts) => task.Status switch
    {
        TaskState.Pending => [.. Pending(task, facts)],
        TaskState.Review => facts.Review.TryGetValue(task.Id, out var reasons) ? reasons : [Verifying],
        _ => [],
    };

    public static string Sentence(TaskRow task, IReadOnlyList<WaitingReason> reasons)
    {
        var why = string.Join(" and ", reasons.Select(r => r.Detail));
        return task.Status switch
        {
            TaskState.Pending => $"{task.Key} waits: {why}.",
            TaskState.InProgress => $"{task.Key} is being worked on by {task.AgentName} (attempt {task.Epoch}, {task.PercentComplete}%).",
            TaskState.Review => $"{task.Key} was handed in by {task.AgentName}; {why}.",
            TaskState.Done => $"{task.Key} is done since {Times.At(task.CompletedAt!.Value):u}, after {Attempts(task)}.",
            TaskState.Cancelled => $"{task.Key} was cancelled{Because(task)}.",
            TaskState.Quarantined => $"{task.Key} is quarantined after {Attempts(task)} by more than one agent{Because(task)}. Look at `muster task log {task.Key}`, mend the task, then `muster task retry {task.Key}`.",
            _ => $"{task.Key} failed after {Attempts(task)}{Because(task)}. `muster task retry {task.Key}` tries again.",
        };
    }

    private static string Attempts(TaskRow task) => task.Epoch == 1 ? "1 attempt" : $"{task.Epoch} attempts";

    private static string Because(TaskRow task) => task.LastReason is null ? "" : $": {task.LastReason.TrimEnd('.')}";

    private static readonly WaitingReason Verifying = new() { Code = WaitingCodes.Evidence, Detail = "its evidence is being verified" };

    private static IEnumerable<WaitingReason> Pending(TaskRow task, WaitingFacts facts)
    {
        var any = false;
        foreach (var (key, status) in facts.Dependencies[task.Id].Where(d => d.Status != TaskState.Done))
        {
            any = true;
            yield return new WaitingReason { Code = WaitingCodes.Dependency, On = key, Detail = $"{key} must be done first and is {status.Replace('_', ' ')}" };
        }

        if (task.Gated && task.EpicId is not null && facts.Epics.TryGetValue(task.EpicId, out var epic) && epic.Gate is { } gate)
        {
            any = true;
            yield return GateReason(epic, gate, facts);
        }

        if (task.NotBefore is { } at)
        {
            any = true;
            var code = task.HoldCode ?? task.NotBeforeCode ?? WaitingCodes.NotBefore;
            yield return new WaitingReason
            {
                Code = code,
                Until = Times.At(at),
                Detail = task.HoldCode is { } held ? Holds.Sentence(held)
                    : code == WaitingCodes.Backoff ? $"it failed and is tried again at {Times.At(at):HH:mm:ss} UTC" : $"it may not start before {Times.At(at):u}",
            };
        }

        if (task.ProjectPaused)
        {
            any = true;
            yield return new WaitingReason { Code = WaitingCodes.Paused, On = task.ProjectKey, Detail = $"project {task.ProjectKey} is paused" };
        }

        if (!any) yield return ForAnAgent(task, facts);
    }

    private static WaitingReason GateReason(EpicRow epic, Gate gate, WaitingFacts facts)
    {
        var named = facts.Epics.Values.Where(e => e.ProjectId == epic.ProjectId && gate.Epics.Contains(e.Number)).ToList();
        long minutes = named.Sum(e => e.Minutes), done = named.Sum(e => e.MinutesDone);
        if (minutes == 0) (minutes, done) = (named.Sum(e => e.Tasks), named.Sum(e => e.TasksDone));
        var which = gate.Epics.Count == 1 ? $"epic {gate.Epics[0]}" : $"epics {string.Join(", ", gate.Epics)} together";
        return new WaitingReason
        {
            Code = WaitingCodes.EpicGate,
            On = string.Join(',', gate.Epics),
            Detail = $"epic {epic.Number} starts when {which} reach{(gate.Epics.Count == 1 ? "es" : "")} {gate.Percent}% and {(minutes == 0 ? 100 : 100 * done / minutes)}% is done",
        };
    }

    /// <summary>The task itself is ready; what is missing is somebody to take it.</summary>
    private static WaitingReason ForAnAgent(TaskRow task, WaitingFacts facts)
    {
        var matching = facts.Agents.Where(a => (task.Role is null || a.Role is null || a.Role == task.Role)
            && ClaimWish.LabelsMatch(JsonSerializer.Deserialize<string[]>(task.Labels)!, JsonSerializer.Deserialize<string[]>(a.Labels)!)).ToList();
        if (matching.Sum(a => a.Agents) == 0)
            return new WaitingReason
            {
                Code = WaitingCodes.NoMatchingAgent,
                On = task.Role,
                Detail = task.Role is null ? "no running agent takes it; add one with `muster agent add`" : $"no running agent has the role {task.Role}; add one with `muster agent add --role {task.Role}`",
            };
        int running = matching.Sum(a => a.Running), capacity = matching.Sum(a => a.Capacity);
        return running >= capacity
            ? new WaitingReason { Code = WaitingCodes.Capacity, Detail = $"all matching agents are busy ({running} of {capacity} places taken)" }
            : new WaitingReason { Code = WaitingCodes.Capacity, Detail = "it is ready and the next free agent takes it" };
    }
}
