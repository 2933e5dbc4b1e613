using Muster.Proof.Checking;
using Muster.Proof.Planting;

namespace Muster.Proof.Simulation;

public sealed record SimOptions
{
    public int Agents { get; init; } = 3;
    public int Tasks { get; init; } = 8;

    /// <summary>Calls that arrive before the weather turns fair and everybody finishes.</summary>
    public int Steps { get; init; } = 90;
    public Plant? Plant { get; init; }
}

/// <summary>What came of one seed.</summary>
/// <param name="Seed">Repeats it exactly.</param>
/// <param name="Steps">Calls that the plane carried out.</param>
/// <param name="Crashes">How often the plane was lost.</param>
/// <param name="Breaches">What did not hold.</param>
/// <param name="Trace">What happened, in order, with nothing random in it.</param>
public sealed record SimOutcome(int Seed, int Steps, int Crashes, IReadOnlyList<Breach> Breaches, IReadOnlyList<string> Trace);
