namespace Muster.ControlPlane.Operations.State;

/// <summary>A limit, with what is at stake when it cannot be checked.</summary>
public sealed record Limit(string Name, Rate Rate, Stake Stake);

/// <summary>Takes from limits, and decides what happens when nobody can say how much is left: see docs/messaging.md.</summary>
public sealed class SharedLimits(ISharedState state, TimeProvider time)
{
    /// <summary>A courtesy is not worth a longer wait.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);

    public async ValueTask<LimitAnswer> TakeAsync(Limit limit, string subject, int count, CancellationToken ct)
    {
        try
        {
            var asked = state.TakeAsync($"{limit.Name}:{subject}", limit.Rate, count, ct);
            var taken = asked.IsCompleted || limit.Stake != Stake.Courtesy ? await asked : await asked.AsTask().WaitAsync(Patience, time, ct);
            return new LimitAnswer(taken.Allowed, taken.RetryAfter, Certain: true);
        }
        catch (Exception error) when (error is StateUnavailableException or TimeoutException)
        {
            return limit.Stake == Stake.Courtesy ? new LimitAnswer(true, TimeSpan.Zero, Certain: false) : new LimitAnswer(false, AskAgain, Certain: false);
        }
    }
}

/// <param name="Allowed">Whether to go on.</param>
/// <param name="RetryAfter">When to ask again, if not.</param>
/// <param name="Certain">Whether the limit was checked, or the answer follows from what is at stake.</param>
public readonly record struct LimitAnswer(bool Allowed, TimeSpan RetryAfter, bool Certain);
