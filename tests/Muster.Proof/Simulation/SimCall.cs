using Muster.Proof.Checking;

namespace Muster.Proof.Simulation;

/// <summary>A call as its sender means it, and what the oracle must know of it.</summary>
internal sealed record SimCall(string Kind, SimRequest Request)
{
    public string? Agent { get; init; }
    public string? TaskId { get; init; }
    public int Number { get; init; }
    public int Epoch { get; init; }
    public string? Assignment { get; init; }

    /// <summary>What a claim may get.</summary>
    public int Max { get; init; }
    public string? Effect { get; init; }

    /// <summary>Task and epoch of the leases that a heartbeat names.</summary>
    public IReadOnlyList<(string Task, int Epoch)> Renews { get; init; } = [];

    /// <summary>Whether the first task waits for the second.</summary>
    public Func<string, string, bool> Successors { get; init; } = (_, _) => false;

    public string? Lease => Request.Lease;

    /// <summary>The same in every run of a seed: no random ids.</summary>
    public string Text => $"{Kind}{(Agent is null ? "" : " by " + Agent)}{(Number > 0 ? $" of task {Number}" : "")}{(Epoch > 0 ? $" at epoch {Epoch}" : "")}{(Max > 0 ? $" for {Max}" : "")}";
}
