namespace Muster.Proof.Simulation;

/// <summary>A clock that stands until it is moved. The wall clock may also jump by itself, as clocks do; the monotonic one never.</summary>
internal sealed class VirtualTime : TimeProvider
{
    private static readonly DateTimeOffset Begin = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private TimeSpan _elapsed;
    private TimeSpan _jumped;

    public TimeSpan Elapsed => _elapsed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Begin + _elapsed + _jumped;

    public override long GetTimestamp() => _elapsed.Ticks;

    public void MoveTo(TimeSpan elapsed) => _elapsed = elapsed > _elapsed ? elapsed : _elapsed;

    public void Jump(TimeSpan by) => _jumped += by;

    /// <summary>Somebody sets a wall clock that is behind: what waits for a time of the day would else wait that much longer.</summary>
    public void SetRight() => _jumped = _jumped < TimeSpan.Zero ? TimeSpan.Zero : _jumped;
}
