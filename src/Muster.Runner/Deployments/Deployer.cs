using System.Collections.Concurrent;
using Muster.Contracts.Delivery;
using Muster.Runner.Processes;

namespace Muster.Runner.Deployments;

/// <summary>All that this host serves. Deployments of one environment follow one another; those of several run beside each other.</summary>
public sealed class Deployer(HostFolders folders, string marker, TimeProvider time, RestartPolicy restarts, Action<string> notice) : IAsyncDisposable
{
    // An answer may be older than a deployment that just ended; only what is missing for this many in a row is stopped.
    private const int AbsencesBeforeStop = 5;

    private readonly ConcurrentDictionary<string, ProcessTarget> _targets = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _absences = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<Task> _stopping = [];
    private readonly ConcurrentDictionary<string, Task> _restoring = new(StringComparer.Ordinal);

    /// <exception cref="OperationCanceledException">Cancelled; what served before still serves.</exception>
    public async Task<DeployResult> DeployAsync(DeployRequest request, CancellationToken cancellation)
    {
        if (request.Definition.Target != "process")
            return new DeployResult(JobState.Error, $"This host has no deployment target '{request.Definition.Target}'. Known: process.", null, null, "");
        return await Target(request).DeployAsync(request, cancellation);
    }

    /// <summary>Commit that serves in an environment, when one does.</summary>
    public string? Serving(string projectId, string environment) => _targets.GetValueOrDefault($"{projectId}/{environment}")?.Sha;

    /// <summary>Starts what should serve and does not, as after a restart of the host; stops what should serve no longer.</summary>
    public void Reconcile(IReadOnlyList<DeploymentInfo> wanted, CancellationToken cancellation)
    {
        foreach (var deployment in wanted)
        {
            var request = new DeployRequest { ProjectId = deployment.ProjectId, Sha = deployment.Sha, Definition = deployment.Definition };
            _absences[request.Key] = 0;
            // Tried once per commit: a release that does not come up again is said once, not every two seconds.
            if (Target(request) is { Sha: null, IsBusy: false }) _ = _restoring.GetOrAdd($"{request.Key}/{request.Sha}", _ => RestoreAsync(request, cancellation));
        }

        foreach (var (key, target) in _targets.Where(entry => entry.Value is { Sha: not null, IsBusy: false }))
        {
            if (wanted.Any(deployment => $"{deployment.ProjectId}/{deployment.Definition.Environment}" == key)) continue;
            if (_absences.AddOrUpdate(key, 1, (_, count) => count + 1) < AbsencesBeforeStop) continue;
            // Not waited for: it may take its grace, and the caller has a heart to keep beating.
            if (_targets.TryRemove(key, out _)) _stopping.Add(target.DisposeAsync().AsTask());
            notice($"{key}: stopped, the plane no longer wants it here");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll([.. _restoring.Values, .. _stopping]);
        await Task.WhenAll(_targets.Values.Select(target => target.DisposeAsync().AsTask()));
    }

    private ProcessTarget Target(DeployRequest request) => _targets.GetOrAdd(
        request.Key,
        _ => new ProcessTarget(folders, marker, time, restarts, $"deploy-{HostFolders.PlainName(request.ProjectId)}-{HostFolders.PlainName(request.Definition.Environment)}", notice));

    private async Task RestoreAsync(DeployRequest request, CancellationToken cancellation)
    {
        try
        {
            var result = await DeployAsync(request, cancellation);
            notice(result.Outcome == JobState.Passed ? $"{request.Key}: {request.Sha} serves again at {result.Url}" : $"{request.Key}: not restored: {result.Detail}");
        }
        catch (OperationCanceledException)
        {
            // The host stops before it was up again.
        }
#pragma warning disable CA1031 // Whatever is wrong with one environment is told; the others are restored, and stopped in good order.
        catch (Exception error)
#pragma warning restore CA1031
        {
            notice($"{request.Key}: not restored: {error.Message}");
        }
    }
}
