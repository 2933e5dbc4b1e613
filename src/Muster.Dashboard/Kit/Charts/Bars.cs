namespace Muster.Dashboard.Kit.Charts;

/// <summary>A bar, made of parts.</summary>
/// <param name="Name">What stands below it.</param>
/// <param name="Parts">A value for each of the chart's series.</param>
public sealed record Bar(string Name, IReadOnlyList<double> Parts)
{
    public double Sum => Parts.Sum();
}

/// <summary>A line through points in time.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Points">When, and how much.</param>
/// <param name="Dashed">Whether it is a guess rather than a fact.</param>
public sealed record Line(string Name, IReadOnlyList<(DateTimeOffset At, double Value)> Points, bool Dashed = false);
