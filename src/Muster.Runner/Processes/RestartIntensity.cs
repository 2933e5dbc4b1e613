namespace Muster.Runner.Processes;

/// <summary>How often what keeps dying is started again; the idea and the words are OTP's.</summary>
public sealed record RestartPolicy
{
    /// <summary>More deaths than this within <see cref="Window"/> and it is given up.</summary>
    public int MaxRestarts { get; init; } = 5;
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(60);
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(200);
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(30);
}

/// <param name="GiveUp">Too many deaths within the window: do not start it again.</param>
/// <param name="Delay">How long to wait before the next start.</param>
public readonly record struct RestartDecision(bool GiveUp, TimeSpan Delay);

/// <summary>Counts deaths and decides. Full jitter, so that things that died together do not come back together.</summary>
public sealed class RestartIntensity(RestartPolicy policy, TimeProvider time, Func<double>? random = null)
{
    private readonly Queue<long> _deaths = new();
    private readonly Func<double> _random = random ?? Random.Shared.NextDouble;

    /// <summary>Takes note of a death now and says what to do about it.</summary>
    public RestartDecision Died()
    {
        while (_deaths.Count > 0 && time.GetElapsedTime(_deaths.Peek()) >= policy.Window) _deaths.Dequeue();
        _deaths.Enqueue(time.GetTimestamp());
        return Decide(policy, _deaths.Count, _random());
    }

    public void Reset() => _deaths.Clear();

    /// <param name="policy">The rule.</param>
    /// <param name="deaths">Deaths within the window, this one counted.</param>
    /// <param name="jitter">0 to 1.</param>
    public static RestartDecision Decide(RestartPolicy policy, int deaths, double jitter)
    {
        if (deaths > policy.MaxRestarts) return new RestartDecision(GiveUp: true, TimeSpan.Zero);
        var ceiling = Math.Min(policy.MaxDelay.TotalMilliseconds, policy.FirstDelay.TotalMilliseconds * Math.Pow(2, deaths - 1));
        return new RestartDecision(GiveUp: false, TimeSpan.FromMilliseconds(ceiling * jitter));
    }
}
