using Muster.Contracts.Delivery;
using Muster.Runner.Processes;

namespace Muster.Runner.Deployments;

/// <summary>
/// One environment of one project on this host: the version that serves, its front port, and the change from one version to
/// the next. The old version serves until the new one is healthy, and goes on when it never is.
/// </summary>
internal sealed class ProcessTarget(HostFolders folders, string marker, TimeProvider time, RestartPolicy restarts, string logName, Action<string> notice) : IAsyncDisposable
{
    /// <summary>Starts in a row that never became healthy, after which a version is given up, however long each took.</summary>
    public const int StartTries = 5;

    private const int PortTries = 3;

    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(10);

    private readonly string _portFile = System.IO.Path.Combine(folders.Releases, logName + ".port");
    private readonly SemaphoreSlim _changing = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly RotatingLog _log = new(System.IO.Path.Combine(folders.Logs, logName + ".log"), time);
    private PortRelay? _relay;
    private Instance? _current;
    private DeployRequest? _serving;
    private Task _watching = Task.CompletedTask;

    /// <summary>Commit that serves; null when nothing does.</summary>
    public string? Sha => _serving?.Sha;
    public int? FrontPort => _relay?.Port;

    /// <summary>Why what should serve does not, when it was given up.</summary>
    public string? GivenUp { get; private set; }

    public bool IsBusy => _changing.CurrentCount == 0;

    /// <param name="request">What to serve.</param>
    /// <param name="cancellation">Gives it up; what served before still serves.</param>
    /// <param name="onlyIfNone">Whether whatever serves by then stays.</param>
    public async Task<DeployResult> DeployAsync(DeployRequest request, CancellationToken cancellation, bool onlyIfNone = false)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            if (onlyIfNone && _serving is { } other) return new DeployResult(JobState.Passed, $"{other.Sha} serves already.", _relay is { } at ? $"http://127.0.0.1:{at.Port}" : null, null, "");
            var output = new BoundedOutput();
            // Before the build: minutes of building for a port that is not to be had would be a poor joke.
            var relay = TakePort(request.Definition.Port);
            try
            {
                return await ReplaceAsync(request, relay, output, cancellation);
            }
            finally
            {
                if (relay != _relay) await relay.DisposeAsync();
            }
        }
        catch (PortTakenException taken)
        {
            return new DeployResult(JobState.Failed, taken.Message, null, null, "");
        }
        finally
        {
            _changing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _changing.WaitAsync();
        await _watching;
        if (_relay is not null) await _relay.DisposeAsync();
        if (_current is not null) await _current.DisposeAsync();
        _log.Dispose();
        _stopping.Dispose();
        _changing.Dispose();
    }

    private PortRelay TakePort(int port)
    {
        if (_relay is not null && (port == 0 || port == _relay.Port)) return _relay;
        if (port != 0 || !File.Exists(_portFile) || !int.TryParse(File.ReadAllText(_portFile), out var before)) return PortRelay.Listen(port);
        try
        {
            // "Any free port" stays the same over a restart of the host, so that the address people were told still holds.
            return PortRelay.Listen(before);
        }
        catch (PortTakenException)
        {
            return PortRelay.Listen(0);
        }
    }

    private async Task<DeployResult> ReplaceAsync(DeployRequest request, PortRelay relay, BoundedOutput output, CancellationToken cancellation)
    {
        var release = new ReleaseFolder(folders, request, marker);
        if (await release.PrepareAsync(output, cancellation) is { } unready)
            return new DeployResult(unready.Commit ? JobState.Failed : JobState.Error, $"Not deployed: {unready.Reason}.", null, null, output.ToString());

        var (instance, health) = await StartAsync(request, release.Path, output, cancellation);
        if (instance is null)
        {
            var kept = _serving is null ? "Nothing served before." : $"{_serving.Sha} goes on serving.";
            var detail = $"Not healthy within {request.Definition.HealthTimeoutSeconds} s at {request.Definition.HealthPath}: {Describe(health)}. {kept} {output.LastLines(3)}";
            return new DeployResult(JobState.Failed, detail.Trim(), null, health, output.ToString());
        }

        await SwitchAsync(request, relay, instance);
        try
        {
            await File.WriteAllTextAsync(_portFile, $"{relay.Port}", CancellationToken.None);
            release.Prune();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It serves. That its port is not remembered, or that an older release stays, is told and changes nothing in that.
            notice($"{request.Key}: {error.Message}");
        }

        return new DeployResult(JobState.Passed, null, $"http://127.0.0.1:{relay.Port}", health, output.ToString());
    }

    private async Task<(Instance? Instance, HealthAnswer Health)> StartAsync(DeployRequest request, string folder, BoundedOutput? output, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            var (instance, health, taken) = await StartOnceAsync(request, folder, output, cancellation);
            if (!taken || tries == PortTries) return (instance, health);
            output?.Add("Somebody else took its port before it listened; once more with another.");
        }
    }

    private async Task<(Instance? Instance, HealthAnswer Health, bool PortTaken)> StartOnceAsync(DeployRequest request, string folder, BoundedOutput? output, CancellationToken cancellation)
    {
        var instance = Instance.Start(request, folder, marker, line =>
        {
            output?.Add(line);
            _log.Write(line);
        });
        try
        {
            var health = await instance.WaitHealthyAsync(request.Definition.HealthPath, TimeSpan.FromSeconds(request.Definition.HealthTimeoutSeconds), cancellation);
            if (health.Ok) return (instance, health, false);
            var ended = instance.Exit.IsCompleted;
            await instance.DisposeAsync();
            return (null, health, ended && Instance.IsTaken(instance.Port));
        }
        catch
        {
            await instance.DisposeAsync();
            throw;
        }
    }

    private async Task SwitchAsync(DeployRequest request, PortRelay relay, Instance instance)
    {
        var (formerRelay, former) = (_relay, _current);
        relay.Switch(instance.Port);
        (_relay, _current, _serving, GivenUp) = (relay, instance, request, null);
        _watching = WatchAsync(instance, request, new RestartIntensity(restarts, time));
        if (former is not null)
        {
            if (formerRelay is not null) await formerRelay.DrainAsync(former.Port, DrainTime);
            await former.DisposeAsync();
        }

        if (formerRelay is not null && formerRelay != relay) await formerRelay.DisposeAsync();
    }

    // Starts the version again when its process ends without being told to.
    private async Task WatchAsync(Instance instance, DeployRequest request, RestartIntensity intensity)
    {
        try
        {
            while (true)
            {
                var exit = await instance.Exit.WaitAsync(_stopping.Token);
                if (_current != instance) return;
                notice($"{request.Key}: the serving process {exit}");
                if (await RestartAsync(request, intensity) is not { } next) return;
                instance = next;
            }
        }
        catch (OperationCanceledException)
        {
            // We stop; whoever stops us ends the process.
        }
    }

    private async Task<Instance?> RestartAsync(DeployRequest request, RestartIntensity intensity)
    {
        var last = "";
        for (var tries = 0; ; tries++)
        {
            var decision = intensity.Died();
            if (decision.GiveUp || tries == StartTries)
            {
                GivenUp = $"Its process died{(last.Length > 0 ? ", and did not become healthy when it was started again: " + last : " too often")}. It is no longer started; mend it and deploy again.";
                notice($"{request.Key}: given up: it died too often. Deploy again when it is mended.");
                return null;
            }

            await Task.Delay(decision.Delay, time, _stopping.Token);
            await _changing.WaitAsync(_stopping.Token);
            try
            {
                if (_serving != request) return null;
                var (started, health) = await StartAsync(request, new ReleaseFolder(folders, request, marker).Path, output: null, _stopping.Token);
                if (started is not null)
                {
                    var former = _current;
                    _current = started;
                    _relay!.Switch(started.Port);
                    if (former is not null) await former.DisposeAsync();
                    return started;
                }

                last = Describe(health);
                notice($"{request.Key}: started again but not healthy: {last}");
            }
            catch (ProgramNotFoundException gone)
            {
                last = gone.Message;
                notice($"{request.Key}: {last}");
            }
            finally
            {
                _changing.Release();
            }
        }
    }

    private static string Describe(HealthAnswer health) => health.Status is { } status ? $"answered {status}" : health.Body;
}
