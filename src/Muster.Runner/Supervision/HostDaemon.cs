using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Muster.Client;
using Muster.Contracts.Fleet;
using Muster.Runner.Checks;
using Muster.Runner.Deployments;
using Muster.Runner.Jobs;
using Muster.Runner.Tools;
using Muster.Runner.Workspaces;

namespace Muster.Runner.Supervision;

/// <summary>
/// The host daemon: says that the host lives, keeps its agents as the plane wants them, carries out checks and deployments. Asks the
/// plane, never the other way round, so it works from behind any router and outlives the plane's restarts.
/// </summary>
public sealed class HostDaemon(HostOptions options, ILogger logger) : IDisposable
{
    private static readonly TimeSpan SweepPeriod = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _beatNow = new(0, 1);
    private readonly SemaphoreSlim _sweepNow = new(0, 1);
    private readonly HostLoad _load = new();
    private readonly Dictionary<string, AgentSupervisor> _agents = new(StringComparer.Ordinal);
    private readonly List<Task> _leaving = [];
    private volatile IReadOnlyList<AgentProcess> _processes = [];

    /// <summary>The agents' processes as last told to the plane, which is at once after every change.</summary>
    public IReadOnlyList<AgentProcess> Processes => _processes;

    /// <summary>Runs until cancelled; then agents are told to stop, and everything else is ended.</summary>
    /// <exception cref="HostException">The data folder cannot be used.</exception>
    /// <exception cref="MusterException">The plane refuses this host: a wrong token, most likely.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var run = await HostRun.BeginAsync(new HostFolders(options.DataFolder), Notice);
        try
        {
            await RunAsync(run, new HostFolders(options.DataFolder, run.Marker), cancellation);
            ScratchFolder.DeleteLeftovers(new HostFolders(options.DataFolder));
            run.End();
        }
        catch (MusterException)
        {
            // Refused before anything was started.
            run.End();
            throw;
        }
    }

    public void Dispose()
    {
        _beatNow.Dispose();
        _sweepNow.Dispose();
    }

    private async Task RunAsync(HostRun run, HostFolders folders, CancellationToken cancellation)
    {
        using var muster = new MusterClient(new MusterClientOptions { Server = options.Server, Token = options.Token });
        using var launcher = new AgentLauncher(options, folders, run, muster);
        if (!FolderRemoval.TryDelete(folders.Checks)) Notice($"{folders.Checks} holds files that cannot be deleted; delete them by hand");
        await using var deployer = new Deployer(folders, run.Marker, options.Time, options.Restarts, Notice);
        using var jobs = new JobLoop(options, muster, new CheckRunner(folders, run.Marker), deployer, new JobBook(folders, Notice), Notice);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var working = Task.CompletedTask;
        var sweeping = Task.CompletedTask;
        var tools = Task.CompletedTask;
        try
        {
            var heart = new HostHeart(options, muster, jobs, () => Describe() with { Failed = deployer.Failed is { Count: > 0 } failed ? failed : null }, Notice);
            var answer = await heart.RegisterAsync(stop.Token);
            // A dead agent leaves a worktree behind; people are told where it is at once.
            run.OnDeath = () => Signal(_sweepNow);
            working = jobs.RunAsync(stop.Token);
            sweeping = SweepAsync(folders, stop.Token);
            tools = new ToolJobLoop(options, muster, folders, run.Marker, Notice).RunAsync(stop.Token);
            while (true)
            {
                if (answer is not null)
                {
                    // The loop describes and beats by turns, so what was described last is what the plane has just heard.
                    foreach (var process in _processes) run.Heard(process.AgentId, process.Deaths);
                    Reconcile(answer.Agents, launcher, run);
                    deployer.Reconcile(answer.Deployments, stop.Token);
                }

                await _beatNow.WaitAsync(heart.NextWait, stop.Token);
                // They end by cancellation only; anything else is a fault that must not pass in silence.
                if (working.IsCompleted) await working;
                if (sweeping.IsCompleted) await sweeping;
                if (tools.IsCompleted) await tools;
                answer = await heart.BeatAsync(stop.Token);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Notice("stopping: agents save their work and hand their tasks back");
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll([.. _leaving, .. _agents.Values.Select(agent => agent.DisposeAsync().AsTask()), working, sweeping, tools]);
        }
    }

    private void Reconcile(IReadOnlyList<AgentInfo> wanted, AgentLauncher launcher, HostRun run)
    {
        foreach (var agent in wanted.Where(agent => agent.Definition is not null))
        {
            if (_agents.TryGetValue(agent.Id, out var known)) known.Want(agent);
            else
            {
                _agents[agent.Id] = new AgentSupervisor(agent, options, launcher, run, BeatNow, Notice);
                // Its deaths under the daemon before this one are told before it is started.
                BeatNow();
            }
        }

        foreach (var id in _agents.Keys.Except(wanted.Select(agent => agent.Id), StringComparer.Ordinal).ToList())
        {
            _agents.Remove(id, out var gone);
            _leaving.RemoveAll(task => task.IsCompleted);
            _leaving.Add(gone!.DisposeAsync().AsTask());
        }
    }

    private HostHeartbeatRequest Describe() => new()
    {
        Host = options.Name,
        Cores = options.Cores,
        MemoryBytes = options.MemoryBytes,
        Capacity = options.EffectiveCapacity,
        Load = _load.Next(),
        System = $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}",
        Version = typeof(HostDaemon).Assembly.GetName().Version?.ToString(3),
        Agents = _processes = [.. _agents.Values.Select(agent => agent.Describe())],
    };

    private async Task SweepAsync(HostFolders folders, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await SweepOnceAsync(folders, cancellation);
                await _sweepNow.WaitAsync(SweepPeriod, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private async Task SweepOnceAsync(HostFolders folders, CancellationToken cancellation)
    {
        try
        {
            foreach (var note in await WorkspaceKeeper.SweepAsync(folders, options.Keep, options.Time, cancellation))
                Notice($"{note.TaskKey}: {note.Path} is kept: {note.Reason}");
            if (!Directory.Exists(folders.Repositories)) return;
            foreach (var repository in new DirectoryInfo(folders.Repositories).EnumerateDirectories("*.git"))
            {
                var cache = await RepositoryCache.OpenAsync(folders, Path.GetFileNameWithoutExtension(repository.Name), cancellation);
                await cache.TidyAsync(cancellation);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or Git.GitException)
        {
            // Tidying is not what a host is for; it is said, and tried again in an hour.
            Notice($"tidying up failed: {error.Message}");
        }
    }

    private void BeatNow() => Signal(_beatNow);

    private static void Signal(SemaphoreSlim signal)
    {
        try
        {
            if (signal.CurrentCount == 0) signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody asked in the same moment; one answer serves both.
        }
    }

    private void Notice(string text) => logger.LogInformation("{Notice}", text);
}
