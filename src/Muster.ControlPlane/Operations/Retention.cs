using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Tools;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Operations;

/// <summary>Keeps nothing without bound: the leader, hourly, in small steps, by the ages and sizes in the options.</summary>
public sealed class Retention(Store store, AttemptLogs logs, ArtifactStore artifacts, ControlPlaneOptions options, TimeProvider time, ILogger<Retention> logger) : BackgroundService
{
    /// <summary>Rows of one step; small, so that the writer is never held for long.</summary>
    private const int Step = 2000;

    protected override Task ExecuteAsync(CancellationToken ct) => store.Leadership.RunAsync(LeadAsync, ct);

    private async Task LeadAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromHours(1), time);
        while (await timer.WaitForNextTickAsync(ct))
        {
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
        var events = now.AddDays(-options.EventDays).ToUnixTimeMilliseconds();
        var texts = now.AddDays(-options.LogDays).ToUnixTimeMilliseconds();
        var figures = now.AddDays(-options.FigureDays).ToUnixTimeMilliseconds();
        var keys = now.AddDays(-1).ToUnixTimeMilliseconds();
        await StepwiseAsync("DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE at < @before ORDER BY seq LIMIT @Step)", new { before = events, Step }, ct);
        await StepwiseAsync("DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE seq <= (SELECT MAX(seq) FROM events) - @kept ORDER BY seq LIMIT @Step)", new { kept = options.EventsKept, Step }, ct);
        await StepwiseAsync("DELETE FROM idempotency WHERE (principal, key) IN (SELECT principal, key FROM idempotency WHERE at < @before LIMIT @Step)", new { before = keys, Step }, ct);
        await StepwiseAsync(
            "DELETE FROM task_updates WHERE id IN (SELECT u.id FROM task_updates u JOIN tasks t ON t.id = u.task_id WHERE u.at < @before AND t.completed_at < @before LIMIT @Step)",
            new { before = texts, Step }, ct);
        await StepwiseAsync("DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE revoked_at < @before OR expires_at < @before LIMIT @Step)", new { before = texts, Step }, ct);
        await StepwiseAsync("DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE ended_at < @before LIMIT @Step)", new { before = texts, Step }, ct);
        await StepwiseAsync(
            "DELETE FROM deployments WHERE id IN (SELECT id FROM deployments WHERE ended_at < @before AND state <> 'healthy' LIMIT @Step)", new { before = events, Step }, ct);
        await StepwiseAsync("DELETE FROM progress_snapshots WHERE id IN (SELECT id FROM progress_snapshots WHERE at < @before LIMIT @Step)", new { before = figures, Step }, ct);
        await StepwiseAsync("DELETE FROM tool_jobs WHERE id IN (SELECT id FROM tool_jobs WHERE ended_at < @before LIMIT @Step)", new { before = texts, Step }, ct);
        await StepwiseAsync("DELETE FROM tool_calls WHERE id IN (SELECT id FROM tool_calls WHERE started_at < @before LIMIT @Step)", new { before = figures, Step }, ct);
        await StepwiseAsync("DELETE FROM model_usage WHERE id IN (SELECT id FROM model_usage WHERE at < @before LIMIT @Step)", new { before = figures, Step }, ct);
        await StepwiseAsync(
            "DELETE FROM conversations WHERE id IN (SELECT c.id FROM conversations c WHERE c.updated_at < @before AND NOT EXISTS (SELECT 1 FROM goals g WHERE g.conversation_id = c.id AND g.ended_at IS NULL) LIMIT @Step)",
            new { before = figures, Step }, ct);
        await PruneArtifactsAsync(texts, ct);
        logs.Prune(now.AddDays(-options.LogDays).UtcDateTime);
    }

    /// <summary>Outputs of checks and what agents stored, of tasks that are settled or gone; a file goes with its last row.</summary>
    private async Task PruneArtifactsAsync(long before, CancellationToken ct)
    {
        List<string> orphans;
        do
        {
            orphans = await store.WriteAsync(tx => tx.Query<string>(
                """
                DELETE FROM artifacts WHERE id IN (
                  SELECT a.id FROM artifacts a LEFT JOIN tasks t ON t.id = a.task_id WHERE a.created_at < @before AND (t.id IS NULL OR t.completed_at < @before) LIMIT @Step)
                RETURNING sha256
                """, new { before, Step }), ct);
            foreach (var sha in orphans.Distinct(StringComparer.Ordinal))
                if (await store.WriteAsync(tx => tx.QueryFirst<int>("SELECT COUNT(*) FROM artifacts WHERE sha256 = @sha", new { sha }), ct) == 0) artifacts.Delete(sha);
        }
        while (orphans.Count >= Step);
    }

    private async Task StepwiseAsync(string sql, object args, CancellationToken ct)
    {
        while (await store.WriteAsync(tx => tx.Execute(sql, args), ct) >= Step)
        {
            // Another full step is waiting; others write in between.
        }
    }
}
