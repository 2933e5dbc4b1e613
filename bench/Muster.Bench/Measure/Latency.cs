namespace Muster.Bench.Measure;

/// <summary>Milliseconds: the middle, 99 of 100, the worst.</summary>
internal sealed record Latency(double P50, double P99, double Max)
{
    public static Latency Of(IEnumerable<double> milliseconds)
    {
        var sorted = milliseconds.Order().ToArray();
        return sorted.Length == 0 ? new Latency(0, 0, 0) : new Latency(sorted[sorted.Length / 2], sorted[(int)(sorted.Length * 0.99)], sorted[^1]);
    }
}
