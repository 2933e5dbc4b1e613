using Muster.Client;
using Muster.Contracts.Work;
using Muster.Runner.Git;
using Muster.Runner.Workspaces;

namespace Muster.Runner.Agents;

/// <summary>Saves half-done work on the plane: every so often, and when it is told to.</summary>
internal sealed class WorkSaver(Workspace workspace, TaskContext context, Action<string> notice, TimeSpan period)
{
    private static readonly TimeSpan LastChance = TimeSpan.FromSeconds(15);

    private string? _newest;

    /// <summary>Saves every so often until disposed.</summary>
    public IAsyncDisposable Start() => new Periodic(this, period);

    /// <summary>Saves now. Work that cannot be saved now is on disk still, and is saved later.</summary>
    public async Task TrySaveAsync(CancellationToken cancellation)
    {
        try
        {
            if (await workspace.SaveAsync(cancellation) is not { } commit) return;
            _newest = commit;
            await Patience.TolerateAsync(() => context.ReportProgressAsync(new AssignmentProgress { WipSha = commit }, cancellation), notice);
        }
        catch (Exception error) when (error is GitException or IOException or UnauthorizedAccessException)
        {
            notice($"{context.Task.Key}: half-done work could not be saved now: {error.Message}");
        }
    }

    /// <summary>The last save of an attempt, whether or not it was cancelled. Returns the newest commit that is on the plane.</summary>
    public async Task<string?> SaveLastAsync()
    {
        using var limit = new CancellationTokenSource(LastChance);
        try
        {
            await TrySaveAsync(limit.Token);
        }
        catch (Exception error) when (error is OperationCanceledException or LeaseLostException)
        {
            notice($"{context.Task.Key}: the last save did not reach the plane: {error.Message}");
        }

        return _newest;
    }

    private sealed class Periodic : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _loop;

        public Periodic(WorkSaver saver, TimeSpan period) => _loop = LoopAsync(saver, period);

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _loop;
            _stop.Dispose();
        }

        private async Task LoopAsync(WorkSaver saver, TimeSpan period)
        {
            using var timer = new PeriodicTimer(period);
            try
            {
                while (await timer.WaitForNextTickAsync(_stop.Token)) await saver.TrySaveAsync(_stop.Token);
            }
            catch (Exception error) when (error is OperationCanceledException or LeaseLostException)
            {
                // Over, or no longer ours: the attempt's own token says the same to whoever works.
            }
        }
    }
}
