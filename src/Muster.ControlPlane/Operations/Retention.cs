using Dapper;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Tools;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Operations;

/// <summary>
/// Keeps nothing without bound: the leader, soon after it has become it and hourly from then on, by the ages and sizes in the options.
/// What is to go is looked up beside the writer, which is asked only when there is something, and for a small step at a time.
/// </summary>
public sealed class Retention(Store store, AttemptLogs logs, ArtifactStore artifacts, ControlPlaneOptions options, TimeProvider time, ILogger<Retention> logger) : BackgroundService
{
    /// <summary>Rows of one step; the writer is held for some milliseconds.</summary>
    public const int Step = 500;

    /// <summary>A plane that runs for less than an hour a day tidies up as well.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    protected override Task ExecuteAsync(CancellationToken ct) => store.Leadership.RunAsync(LeadAsync, ct);

    private async Task LeadAsync(CancellationToken ct)
    {
        for (var wait = Soon; ; wait = Every)
        {
            await Task.Delay(wait, time, ct);
            try
            {
                await RunAsync(ct);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                logger.LogError(error, "Old data could not be removed; trying again in an hour");
            }
        }
    }

    public async Task RunAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var events = Before(options.EventDays);
        var texts = Before(options.LogDays);
        var figures = Before(options.FigureDays);
        await RemoveEventsAsync(events, ct);
        await RemoveKeysAsync(Before(1), ct);
        await RemoveAsync("task_updates", "at < @before AND EXISTS (SELECT 1 FROM tasks t WHERE t.id = task_updates.task_id AND t.completed_at < @before)", texts, ct);
        await RemoveAsync("tokens", "(revoked_at < @before OR expires_at < @before)", texts, ct);
        await RemoveAsync("jobs", "ended_at < @before", texts, ct);
        await RemoveAsync("deployments", "ended_at < @before AND state <> 'healthy'", events, ct);
        await RemoveAsync("progress_snapshots", "at < @before", figures, ct);
        await RemoveAsync("tool_jobs", "ended_at < @before", texts, ct);
        await RemoveAsync("tool_calls", "started_at < @before", figures, ct);
        await RemoveAsync("model_usage", "at < @before", figures, ct);
        await RemoveAsync("conversations", "updated_at < @before AND NOT EXISTS (SELECT 1 FROM goals g WHERE g.conversation_id = conversations.id AND g.ended_at IS NULL)", figures, ct);
        await RemoveArtifactsAsync(texts, ct);
        artifacts.RemoveUnfinished(now.AddDays(-1).UtcDateTime);
        logs.Prune(now.AddDays(-options.LogDays).UtcDateTime);

        long Before(int days) => now.AddDays(-days).ToUnixTimeMilliseconds();
    }

    /// <summary>The oldest of the log, for as long as they are too old or too many. Ages are looked for at its beginning only: it has no index by age.</summary>
    private async Task RemoveEventsAsync(long before, CancellationToken ct)
    {
        while (await store.ReadAsync(c => c.QueryFirstAsync<long?>(
            """
            SELECT MAX(seq) FROM (SELECT seq, at FROM events ORDER BY seq LIMIT @Step) oldest
             WHERE seq < COALESCE((SELECT MIN(seq) FROM (SELECT seq, at FROM events ORDER BY seq LIMIT @Step) o WHERE at >= @before), seq + 1)
                OR seq <= (SELECT seq FROM event_head) - @kept
            """, new { before, kept = options.EventsKept, Step }), ct) is { } last)
        {
            await store.WriteAsync(tx => tx.Execute("DELETE FROM events WHERE seq <= @last", new { last }), ct);
        }
    }

    private async Task RemoveKeysAsync(long before, CancellationToken ct)
    {
        while (await store.ReadAsync(c => c.QueryFirstAsync<long?>("SELECT MAX(at) FROM (SELECT at FROM idempotency WHERE at < @before ORDER BY at LIMIT @Step) oldest", new { before, Step }), ct) is { } last)
            await store.WriteAsync(tx => tx.Execute("DELETE FROM idempotency WHERE at <= @last", new { last }), ct);
    }

    /// <summary>Outputs of checks and what agents stored, of tasks that are settled or gone; content goes with the last row that names it.</summary>
    private async Task RemoveArtifactsAsync(long before, CancellationToken ct)
    {
        IReadOnlyList<string> removed;
        do
        {
            removed = await StepAsync("artifacts", "created_at < @before AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = artifacts.task_id AND COALESCE(t.completed_at, @before) >= @before)", before, "sha256", ct);
            foreach (var sha256 in removed.Distinct(StringComparer.Ordinal)) await artifacts.RemoveUnnamedAsync(store, sha256, ct);
        }
        while (removed.Count == Step);
    }

    private async Task RemoveAsync(string table, string isOld, long before, CancellationToken ct)
    {
        while ((await StepAsync(table, isOld, before, "id", ct)).Count == Step)
        {
            // Another full step may be waiting; others write in between.
        }
    }

    /// <param name="table">Of which; its key is <c>id</c>.</param>
    /// <param name="isOld">What rows are to go, by <c>@before</c>. Asked again by whoever removes them: a task may have been begun again.</param>
    /// <param name="before">Milliseconds since 1970.</param>
    /// <param name="column">What is told of those that were removed.</param>
    /// <param name="ct">Ends it.</param>
    private async Task<IReadOnlyList<string>> StepAsync(string table, string isOld, long before, string column, CancellationToken ct)
    {
        var ids = (await store.ReadAsync(c => c.QueryAsync<string>($"SELECT id FROM {table} WHERE {isOld} LIMIT @Step", new { before, Step }), ct)).AsList();
        return ids.Count == 0 ? [] : await store.WriteAsync(tx => tx.Query<string>($"DELETE FROM {table} WHERE id IN @ids AND {isOld} RETURNING {column}", new { ids, before }), ct);
    }
}
