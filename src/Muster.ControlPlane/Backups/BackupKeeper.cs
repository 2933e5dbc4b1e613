using Muster.Contracts.Events;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Backups;

/// <summary>Makes backups by the clock, on one plane of those that share the store, and lets old ones go.</summary>
/// <param name="take">Makes one.</param>
/// <param name="openPlace">Where they go; opened when it is needed, so that a place that is away does not keep the plane from starting.</param>
/// <param name="options">When, and which stay.</param>
/// <param name="state">Told how they went.</param>
/// <param name="leads">Whether this plane is the one that does what only one may do.</param>
/// <param name="store">Told too, as events.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">For operators.</param>
public sealed class BackupKeeper(
    TakeBackup take, Func<IBackupPlace> openPlace, BackupOptions options, BackupState state, Func<bool> leads, Store store, TimeProvider time, ILogger<BackupKeeper> logger) : BackgroundService
{
    /// <summary>How often a plane looks whether it is its turn, and the pause after a backup that failed.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken ct)
    {
        var next = DateTimeOffset.MinValue;
        var known = false;
        var mine = false;
        using var timer = new PeriodicTimer(Look < options.Every ? Look : options.Every, time);
        do
        {
            if (!leads())
            {
                if (mine) state.LeaveToOthers();
                (mine, known, next) = (false, false, DateTimeOffset.MinValue);
                continue;
            }

            if (!mine) state.Begin(options.Every);
            mine = true;
            if (time.GetUtcNow() < next) continue;
            try
            {
                var place = openPlace();
                // Another plane may have made the last one, or this one in its former life.
                if (!known) next = await NewestAsync(place, ct) is { } newest ? newest + options.Every : next;
                known = true;
                if (time.GetUtcNow() < next) continue;
                next = time.GetUtcNow() + options.Every;
                await RunAsync(place, ct);
            }
            catch (Exception error) when (error is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                next = time.GetUtcNow() + (AfterFailure < options.Every ? AfterFailure : options.Every);
                await TellAsync(error, ct);
            }
        }
        while (await timer.WaitForNextTickAsync(ct));
    }

    /// <summary>One backup, now.</summary>
    public async Task RunAsync(IBackupPlace place, CancellationToken ct)
    {
        var made = await take.RunAsync(place, ct);
        state.Succeeded(made.Manifest.StartedAt);
        foreach (var warning in made.Warnings) logger.LogWarning("{Warning}", warning);
        var gone = await PruneAsync(place, ct);
        await store.WriteAsync(tx => tx.Emit(EventTypes.BackupCompleted, $"Backup {made.Manifest.Id} was made in {made.Took.TotalSeconds:0.0} s; {made.SentBytes} bytes were new",
            data: new { id = made.Manifest.Id, place = place.Description, made.Manifest.EventSeq, made.SentBytes, made.TotalBytes, seconds = made.Took.TotalSeconds, deleted = gone }), ct);
    }

    /// <summary>How many old ones are gone. Where they cannot be told apart they stay: the new one is whole all the same.</summary>
    private async Task<int> PruneAsync(IBackupPlace place, CancellationToken ct)
    {
        try
        {
            return (await PruneBackups.RunAsync(place, options.Keep, time, ct)).Backups;
        }
        catch (BackupException error)
        {
            logger.LogWarning(error, "Old backups stay: {Why}", error.Message);
            return 0;
        }
    }

    private async Task<DateTimeOffset?> NewestAsync(IBackupPlace place, CancellationToken ct)
    {
        if (await BackupManifest.ListAsync(place, ct) is not [.., var id] || KeepRule.DayOf(id) is null) return null;
        if (await BackupManifest.TryReadAsync(place, id, ct) is not { } manifest) return null;
        state.Succeeded(manifest.StartedAt);
        return manifest.StartedAt;
    }

    private async Task TellAsync(Exception error, CancellationToken ct)
    {
        logger.LogError(error, "The backup failed; it is tried again");
        state.Failed(error.Message);
        try
        {
            await store.WriteAsync(tx => tx.Emit(EventTypes.BackupFailed, $"The backup failed: {error.Message}"), ct);
        }
        catch (Exception unwritten) when (unwritten is not OperationCanceledException)
        {
            logger.LogError(unwritten, "The store could not be told that the backup failed");
        }
    }
}
