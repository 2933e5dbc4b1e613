using System.Text.Json;
using Dapper;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Evaluations;

/// <summary>A done task with all that is needed to do it anew.</summary>
internal sealed record RecordedTask
{
    public string Key { get; init; } = "";
    public string ProjectId { get; init; } = "";
    public string Title { get; init; } = "";
    public string? Description { get; init; }
    public string Labels { get; init; } = "[]";
    public string Contract { get; init; } = "";
    public string? PullHead { get; init; }
    public string? MergeSha { get; init; }
    public string? Base { get; init; }

    /// <summary>The commit that it began from.</summary>
    public string BaseSha { get; init; } = "";

    public IReadOnlyList<string> ReadLabels() => JsonSerializer.Deserialize<string[]>(Labels)!;
}

/// <summary>Finds done tasks of a role, and where in the project's history each of them began.</summary>
internal sealed class RecordedTasks(Store store, IRepositories repositories)
{
    private const string Select =
        """
        SELECT p.key || '-' || t.number AS key, t.project_id, t.title, t.description, t.labels, t.contract, u.head_sha AS pull_head, u.merge_sha, u.base
          FROM tasks t JOIN projects p ON p.id = t.project_id JOIN pulls u ON u.task_id = t.id LEFT JOIN agents a ON a.id = t.agent_id
         WHERE t.status = 'done' AND u.id = (SELECT MAX(x.id) FROM pulls x WHERE x.task_id = t.id) AND COALESCE(t.role, a.role) = @role
        """;

    public async Task<IReadOnlyList<RecordedTask>> FindAsync(string role, CreateEvaluation wish, CancellationToken ct)
    {
        var found = wish.Tasks is { } keys
            ? await ByKeyAsync(role, [.. keys.Select(k => k.Trim().ToUpperInvariant()).Distinct(StringComparer.Ordinal)], ct)
            : (await store.ReadAsync(c => c.QueryAsync<RecordedTask>(Select + " ORDER BY t.completed_at DESC LIMIT @last", new { role, last = wish.Last ?? EvaluationLimits.UsualTasks }), ct)).AsList();
        List<RecordedTask> whole = [];
        foreach (var task in found)
            if (await BaseAsync(task, ct) is { } sha) whole.Add(task with { BaseSha = sha });
            else if (wish.Tasks is not null) throw Refusal.WrongState($"Where {task.Key} began is not in the mirror of its project any more.");
        return whole.Count > 0 ? whole : throw Refusal.WrongState($"No task of the role {role} is done with a commit, so there is none that could be done anew.");
    }

    /// <summary>Of a contract what a trial can show: no pull request, no deployment.</summary>
    public static string ContractOf(string text)
    {
        var items = (Contract.Parse(text).Contract?.Items ?? []).Where(i => i.Kind is not (EvidenceKinds.Pr or EvidenceKinds.Deployment)).ToList();
        return new Contract(items.Exists(i => i.Kind == EvidenceKinds.Commit) ? items : [new ContractItem(EvidenceKinds.Commit, null), .. items]).ToString();
    }

    private async Task<List<RecordedTask>> ByKeyAsync(string role, IReadOnlyList<string> keys, CancellationToken ct)
    {
        var found = (await store.ReadAsync(c => c.QueryAsync<RecordedTask>(Select + " AND p.key || '-' || t.number IN @keys", new { role, keys }), ct)).AsList();
        var missing = keys.Except(found.Select(t => t.Key), StringComparer.Ordinal).ToList();
        return missing.Count == 0 ? [.. found.OrderBy(t => keys.ToList().IndexOf(t.Key))]
            : throw Refusal.Invalid("tasks", $"{Refusal.Shorten(string.Join(", ", missing))}: no task of the role {role} that is done with a commit.");
    }

    private async Task<string?> BaseAsync(RecordedTask task, CancellationToken ct)
    {
        if (repositories.Open(task.ProjectId) is not { } repository || task.PullHead is null) return null;
        // Of a merged one, the point where it left the target is found from before the merge.
        var before = task.MergeSha is { } merge && merge != task.PullHead ? merge + "^1" : BranchNames.Heads + task.Base;
        return await repository.ResolveAsync(before, ct) is { } target ? await repository.MergeBaseAsync(target, task.PullHead, ct) : null;
    }
}
