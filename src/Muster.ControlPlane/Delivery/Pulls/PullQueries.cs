using System.Data;
using System.Globalization;
using Dapper;
using Muster.Contracts.Delivery;
using Muster.ControlPlane.Delivery.Jobs;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Pulls;

/// <summary>How pull requests are found: by id, as <c>KEY!3</c>, or by the key of their task (its newest).</summary>
internal static class PullQueries
{
    public static async Task<PullRow> GetAsync(IDbConnection connection, string id)
    {
        var (where, args) = Lookup(id);
        return await connection.QueryFirstOrDefaultAsync<PullRow>(PullRow.Select + where, args) ?? throw Refusal.NotFound("pull request", id);
    }

    public static PullRow Get(StoreTransaction tx, string id)
    {
        var (where, args) = Lookup(id);
        return tx.QueryFirst<PullRow>(PullRow.Select + where, args) ?? throw Refusal.NotFound("pull request", id);
    }

    public static PullRow? OpenOf(StoreTransaction tx, string taskId) =>
        tx.QueryFirst<PullRow>(PullRow.Select + " WHERE u.task_id = @taskId AND u.state IN ('open', 'queued', 'changes_requested')", new { taskId });

    /// <summary>With its reviews and the checks at its head and at what the queue made of it.</summary>
    public static async Task<PullInfo> ReadAsync(IDbConnection connection, PullRow pull)
    {
        var checks = await connection.QueryAsync<JobRow>(
            JobRow.Select + " WHERE j.task_id = @TaskId AND j.kind = 'check' AND (j.sha = @HeadSha OR j.sha = (SELECT candidate_sha FROM merge_queue WHERE pull_id = @Id) OR j.sha = @MergeSha) ORDER BY j.id",
            new { pull.TaskId, pull.HeadSha, pull.Id, pull.MergeSha });
        var reviews = await connection.QueryAsync<ReviewRow>("SELECT * FROM reviews WHERE pull_id = @Id ORDER BY id", new { pull.Id });
        return pull.ToInfo(checks, reviews);
    }

    private static (string Where, object Args) Lookup(string id)
    {
        var mark = id.IndexOf('!', StringComparison.Ordinal);
        if (mark > 0 && int.TryParse(id.AsSpan(mark + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return (" WHERE p.key = @key AND u.number = @number", new { key = id[..mark].ToUpperInvariant(), number });
        if (Ids.IsId(id)) return (" WHERE u.id = @id OR u.task_id = @id ORDER BY u.id DESC LIMIT 1", new { id = id.ToLowerInvariant() });
        var dash = id.LastIndexOf('-');
        if (dash > 0 && int.TryParse(id.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var task))
            return (" WHERE p.key = @key AND t.number = @task ORDER BY u.id DESC LIMIT 1", new { key = id[..dash].ToUpperInvariant(), task });
        throw Refusal.NotFound("pull request", id);
    }
}
