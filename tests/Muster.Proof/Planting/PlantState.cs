namespace Muster.Proof.Planting;

/// <summary>The bug of one plane, and what it remembers between requests.</summary>
/// <param name="Plant">What is wrong.</param>
/// <param name="Strikes">Whether it shows this time; a bug that always shows is found by anybody.</param>
public sealed record PlantState(Plant Plant, Func<bool> Strikes)
{
    /// <summary>Who was given something last, and the answer.</summary>
    public (string Agent, byte[] Answer)? LastClaim { get; set; }
}
