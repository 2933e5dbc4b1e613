using Muster.Runner.Processes;
using Muster.Runner.Workspaces;

namespace Muster.Runner;

/// <summary>What a host daemon needs to know.</summary>
public sealed record HostOptions
{
    public required Uri Server { get; init; }

    /// <summary>Token of scope <c>host</c> (or owner).</summary>
    public required string Token { get; init; }
    public string Name { get; init; } = Environment.MachineName.ToLowerInvariant();

    /// <summary>Folder that belongs to this daemon alone; see <see cref="HostFolders"/>.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Program and arguments of an agent's process, such as <c>["dotnet", "/path/muster.dll", "agent", "run"]</c>.</summary>
    public required IReadOnlyList<string> AgentCommand { get; init; }

    public int Cores { get; init; } = Environment.ProcessorCount;
    public long MemoryBytes { get; init; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Agents it may run at once; when null, one for each core that has 2 GB of memory.</summary>
    public int? Capacity { get; init; }

    /// <summary>Checks and deployments carried out at once.</summary>
    public int JobSlots { get; init; } = Math.Max(2, Environment.ProcessorCount / 2);

    /// <summary>Time that agents get to save their work and hand their tasks back when they are told to stop.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(30);

    public RestartPolicy Restarts { get; init; } = new();

    /// <summary>Waits of an agent that found this host unable to work: each one tries a task and hands it back, so they grow long.</summary>
    public RestartPolicy Rests { get; init; } = new() { MaxRestarts = int.MaxValue, Window = TimeSpan.FromHours(1), FirstDelay = TimeSpan.FromSeconds(10), MaxDelay = TimeSpan.FromMinutes(5) };
    public KeepPolicy Keep { get; init; } = new();
    public TimeProvider Time { get; init; } = TimeProvider.System;

    internal int EffectiveCapacity => Capacity ?? (int)Math.Clamp(Math.Min(Cores, MemoryBytes / (2L << 30)), 1, 1024);
}
