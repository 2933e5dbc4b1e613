using System.Text.Json;
using Muster.Contracts;
using Muster.Runner.Processes;
using Muster.Runner.Workspaces;

namespace Muster.Runner.Supervision;

/// <summary>One run of the daemon in its data folder: its marker, and what must outlive it.</summary>
internal sealed class HostRun : IDisposable
{
    private readonly IDisposable _lock;
    private readonly string _markerFile;
    private readonly string _deathsFile;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _deaths;
    private readonly Dictionary<string, long> _heard = new(StringComparer.Ordinal);
    private TaskCompletionSource _hearing = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Action<string> _notice;

    private HostRun(IDisposable held, string markerFile, string deathsFile, string marker, Dictionary<string, long> deaths, Action<string> notice)
    {
        (_lock, _markerFile, _deathsFile, Marker, _deaths, _notice) = (held, markerFile, deathsFile, marker, deaths, notice);
    }

    public string Marker { get; }

    /// <summary>Called after each death is counted.</summary>
    public Action? OnDeath { get; set; }

    /// <summary>Takes the folder and kills what a daemon that was itself killed left running there.</summary>
    /// <exception cref="HostException">Another daemon uses the folder, or it cannot be written.</exception>
    public static async Task<HostRun> BeginAsync(HostFolders folders, Action<string> notice)
    {
        try
        {
            Directory.CreateDirectory(folders.Root);
            var held = FileLock.TryTake(Path.Combine(folders.Root, "host.lock"))
                ?? throw new HostException($"Another host daemon uses {folders.Root}. Stop it, or give this one another data folder (--data).");
            return await BeginAsync(folders, held, notice);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HostException($"The data folder {folders.Root} cannot be written: {error.Message} Give another one (--data), or mend its rights.");
        }
    }

    /// <summary>Counts a death of an agent's process; the count outlives the daemon, so that it only ever rises.</summary>
    public void CountDeath(string agentId)
    {
        lock (_gate)
        {
            _deaths[agentId] = _deaths.GetValueOrDefault(agentId) + 1;
            Save();
        }

        OnDeath?.Invoke();
    }

    /// <summary>The plane knows of this many deaths of the agent.</summary>
    public void Heard(string agentId, long deaths)
    {
        lock (_gate)
        {
            if (_heard.TryGetValue(agentId, out var before) && before >= deaths) return;
            _heard[agentId] = deaths;
            _hearing.TrySetResult();
            _hearing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>
    /// Waits until the plane knows of the agent's newest death, or the wait is called off. Started again before, the agent might
    /// claim a task that the plane, hearing of the death only then, would take back.
    /// </summary>
    public async Task WhenHeardAsync(string agentId, Func<bool> calledOff)
    {
        while (!calledOff())
        {
            Task hearing;
            lock (_gate)
            {
                if (_heard.GetValueOrDefault(agentId) >= _deaths.GetValueOrDefault(agentId)) return;
                hearing = _hearing.Task;
            }

            await Task.WhenAny(hearing, Task.Delay(TimeSpan.FromMilliseconds(500)));
        }
    }

    public long Deaths(string agentId)
    {
        lock (_gate) return _deaths.GetValueOrDefault(agentId);
    }

    /// <summary>Remembers that the agent runs here, so that its end with the daemon's own is counted by the next one.</summary>
    public void Started(string agentId)
    {
        lock (_gate)
        {
            if (_deaths.TryAdd(agentId, 0)) Save();
        }
    }

    /// <summary>A good end: nothing is left running.</summary>
    public void End() => File.Delete(_markerFile);

    public void Dispose() => _lock.Dispose();

    private static async Task<HostRun> BeginAsync(HostFolders folders, IDisposable held, Action<string> notice)
    {
        var markerFile = Path.Combine(folders.Root, "run");
        var deathsFile = Path.Combine(folders.Root, "deaths.json");
        var deaths = ReadDeaths(deathsFile);
        var run = new HostRun(held, markerFile, deathsFile, NewMarker(), deaths, notice);
        if (File.Exists(markerFile))
        {
            var former = (await File.ReadAllTextAsync(markerFile)).Trim();
            var killed = former.Length == 0 ? 0 : await MarkedProcesses.KillAsync(former);
            notice($"the daemon before this one did not end well; {killed} processes that it left were ended");
            RepositoryCache.DeleteLeftovers(folders);
            foreach (var agentId in deaths.Keys.ToList()) run.CountDeath(agentId);
        }

        ScratchFolder.DeleteLeftovers(folders);
        await File.WriteAllTextAsync(markerFile, run.Marker);
        return run;
    }

    // Inside another daemon's process tree (an agent that tests Muster) ours lies below its marker, so that it finds us too.
    private static string NewMarker()
    {
        var own = $"{Guid.CreateVersion7():n}";
        return Environment.GetEnvironmentVariable(ChildEnvironment.Marker) is { Length: > 0 } outer ? $"{outer}/{own}" : own;
    }

    private static Dictionary<string, long> ReadDeaths(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, long>>(File.ReadAllText(path), Wire.Json) ?? [];
        }
        catch (Exception error) when (error is FileNotFoundException or JsonException)
        {
            // First start here, or a file cut short: the leases in question then end by themselves.
            return [];
        }
    }

    private void Save()
    {
        try
        {
            File.WriteAllText(_deathsFile + ".new", JsonSerializer.Serialize(_deaths, Wire.Json));
            File.Move(_deathsFile + ".new", _deathsFile, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // An agent may have died of the very disk that is full. This run counts in memory; it is written with the next.
            _notice($"the deaths of agents could not be written down: {error.Message}");
        }
    }
}

/// <summary>The daemon cannot run. The message says what to do.</summary>
public sealed class HostException(string message) : Exception(message);
