using System.Collections.Concurrent;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
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
    private readonly ConcurrentDictionary<string, string> _notRestored = new(StringComparer.Ordinal);

    /// <summary>What should serve, as last heard, and was given up.</summary>
    public IReadOnlyList<FailedDeployment> Failed { get; private set; } = [];

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
        var failed = new List<FailedDeployment>();
        foreach (var deployment in wanted)
        {
            var request = new DeployRequest { ProjectId = deployment.ProjectId, Sha = deployment.Sha, Definition = deployment.Definition };
            _absences[request.Key] = 0;
            var target = Target(request);
            var reason = target.Sha == request.Sha ? target.GivenUp : target.Sha is null ? _notRestored.GetValueOrDefault($"{request.Key}/{request.Sha}") : null;
            if (reason is not null) failed.Add(new FailedDeployment { DeploymentId = deployment.Id, Reason = reason });
            // Begun once per commit: a release that does not come up again is said once, not every two seconds.
            if (target is { Sha: null, IsBusy: false }) _ = _restoring.GetOrAdd($"{request.Key}/{request.Sha}", _ => RestoreAsync(request, cancellation));
        }

        Failed = failed;
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
        var intensity = new RestartIntensity(restarts, time);
        var name = $"{request.Key}/{request.Sha}";
        try
        {
            for (var tries = 1; ; tries++)
            {
                var result = await Target(request).DeployAsync(request, cancellation, onlyIfNone: true);
                if (result.Outcome == JobState.Passed)
                {
                    notice($"{request.Key}: {request.Sha} serves again at {result.Url}");
                    return;
                }

                notice($"{request.Key}: not restored: {result.Detail}");
                var decision = intensity.Died();
                if (decision.GiveUp || tries == ProcessTarget.StartTries)
                {
                    _notRestored[name] = $"It did not come up again after its host was started anew: {result.Detail}";
                    return;
                }

                await Task.Delay(decision.Delay, time, cancellation);
            }
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
            _notRestored[name] = $"It did not come up again after its host was started anew: {error.Message}";
        }
    }
}
