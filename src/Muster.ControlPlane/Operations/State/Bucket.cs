namespace Muster.ControlPlane.Operations.State;

/// <summary>
/// A bucket that fills at a rate, kept as one number: when it will be full. Pure, so that every adapter counts alike; Redis
/// has the same few lines in its own language.
/// </summary>
public static class Bucket
{
    /// <param name="fullAt">When the bucket is full; anything past is full now.</param>
    /// <param name="now">In the same unit: ticks of 100 ns.</param>
    /// <param name="rate">How fast it fills and what it holds.</param>
    /// <param name="count">How much to take.</param>
    public static (long FullAt, Taken Taken) Take(long fullAt, long now, Rate rate, int count)
    {
        var whole = (long)(rate.Burst / rate.PerSecond * TimeSpan.TicksPerSecond);
        // The second bound: a clock that was set back must not lock anybody out for longer than an empty bucket does.
        var from = Math.Clamp(fullAt, now, now + whole);
        var next = from + (long)(count / rate.PerSecond * TimeSpan.TicksPerSecond);
        var wait = next - whole - now;
        return wait > 0 ? (fullAt, new Taken(false, new TimeSpan(wait))) : (next, new Taken(true, TimeSpan.Zero));
    }
}
