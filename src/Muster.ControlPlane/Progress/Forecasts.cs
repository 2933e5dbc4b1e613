using Muster.Contracts.Progress;

namespace Muster.ControlPlane.Progress;

/// <summary>When the rest of a plan is done, from how much was done in equal parts of the time so far. Pure.</summary>
public static class Forecasts
{
    /// <summary>Parts that the time so far is cut into: enough to see how much they differ, few enough that each holds work.</summary>
    public const int Parts = 10;

    /// <summary>Eight of ten cases of a normal distribution lie within so many standard deviations.</summary>
    private const double EightOfTen = 1.2816;

    /// <param name="done">What was done in each part, oldest first; the parts end now.</param>
    /// <param name="left">What is left.</param>
    /// <param name="part">How long each part was.</param>
    /// <param name="now">When the last part ends.</param>
    public static Forecast? Of(IReadOnlyList<double> done, double left, TimeSpan part, DateTimeOffset now)
    {
        var mean = done.Count == 0 ? 0 : done.Average();
        if (mean <= 0 || left <= 0) return null;
        var variance = done.Count < 2 ? 0 : done.Sum(d => (d - mean) * (d - mean)) / (done.Count - 1);
        // So many more parts, if each is like the mean. Each of them will differ, and the mean itself is known from few.
        var more = left / mean;
        var spread = EightOfTen * Math.Sqrt(variance / (mean * mean) * (more + (more * more / done.Count)));
        return new Forecast { Early = At(Math.Max(0, more - spread)), Likely = At(more), Late = At(more + spread) };

        DateTimeOffset At(double parts) => now + TimeSpan.FromDays(Math.Min(parts * part.TotalDays, 36_500));
    }
}
