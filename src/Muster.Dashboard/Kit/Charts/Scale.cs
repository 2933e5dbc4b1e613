using System.Globalization;

namespace Muster.Dashboard.Kit.Charts;

/// <summary>From values to places on a drawing, with marks at round numbers.</summary>
public sealed class Scale
{
    private readonly double _from;
    private readonly double _to;
    private readonly double _start;
    private readonly double _end;

    private Scale(double from, double to, double start, double end, double step) => (_from, _to, _start, _end, Step) = (from, to, start, end, step);

    public double Step { get; }

    public double Top => _to;

    public IEnumerable<double> Marks
    {
        get
        {
            for (var mark = _from; mark <= _to + (Step / 1000); mark += Step) yield return mark;
        }
    }

    /// <summary>From nothing up to at least a value, in at most about so many round steps.</summary>
    public static Scale UpTo(double most, double start, double end, int steps = 4)
    {
        var step = Round(Math.Max(most, 1e-9) / steps);
        return new Scale(0, Math.Max(1, Math.Ceiling((most / step) - 1e-9)) * step, start, end, step);
    }

    public static Scale Between(double from, double to, double start, double end) => new(from, to <= from ? from + 1 : to, start, end, (to - from) / 4);

    public double At(double value) => Math.Round(_start + ((value - _from) / (_to - _from) * (_end - _start)), 2);

    public static string Text(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    // 1, 2 or 5 with zeros: what people count in.
    private static double Round(double step)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        return (step / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 } * power;
    }
}
