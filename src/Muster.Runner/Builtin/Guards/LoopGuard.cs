namespace Muster.Runner.Builtin.Guards;

/// <summary>What a guard says after a call: nothing, a word to the model, or the end.</summary>
internal readonly record struct Verdict(string? Warning, string? End)
{
    public static Verdict Fine => default;
}

/// <summary>Where patience ends.</summary>
internal sealed record GuardLimits
{
    /// <summary>The same call with the same result, since something last changed.</summary>
    public int Repeats { get; init; } = 6;

    /// <summary>Calls in a row that were no calls: no JSON, no such tool.</summary>
    public int Unreadable { get; init; } = 6;

    /// <summary>Calls in a row that failed.</summary>
    public int Failures { get; init; } = 20;

    /// <summary>Calls in a row that changed nothing, and reported nothing.</summary>
    public int Idle { get; init; } = 150;

    /// <summary>Answers in a row without a call.</summary>
    public int Silent { get; init; } = 3;
}

/// <summary>Notices an agent that turns in a circle. Counts only; whoever asks decides what to do with the answer.</summary>
internal sealed class LoopGuard(GuardLimits limits)
{
    private readonly Dictionary<(string Call, string Result), int> _seen = [];
    private int _unreadable;
    private int _failures;
    private int _idle;
    private int _steps;

    /// <param name="call">Tool and arguments.</param>
    /// <param name="result">What came back.</param>
    /// <param name="readable">Whether it was a call at all.</param>
    /// <param name="failed">Whether it failed.</param>
    /// <param name="steps">Grows whenever something was brought about.</param>
    public Verdict Observe(string call, string result, bool readable, bool failed, int steps)
    {
        if (steps != _steps)
        {
            (_steps, _idle) = (steps, 0);
            _seen.Clear();
        }

        _unreadable = readable ? 0 : _unreadable + 1;
        _failures = failed ? _failures + 1 : 0;
        _idle++;
        var times = _seen[(call, result)] = _seen.GetValueOrDefault((call, result)) + 1;
        return Judge(_unreadable, limits.Unreadable, "The last {0} calls could not be read. Send one call of a tool that is offered, with an object of JSON as its arguments.", "its calls could not be read {0} times in a row")
            ?? Judge(times, limits.Repeats, "This is the same call with the same result for the {0}th time. Doing it again will change nothing: do something else, ask, or give up.", "it made the same call with the same result {0} times")
            ?? Judge(_failures, limits.Failures, "The last {0} calls have failed. Stop and think about what they have in common.", "{0} calls in a row failed")
            ?? Judge(_idle, limits.Idle, "The last {0} calls have changed nothing. Begin with the work, report progress, or finish.", "{0} calls in a row brought nothing about")
            ?? Verdict.Fine;
    }

    // A word at half of the limit, the end at the limit.
    private static Verdict? Judge(int count, int limit, string warning, string end)
    {
        if (count >= limit) return new Verdict(null, string.Format(end, count));
        return count == (limit + 1) / 2 ? new Verdict(string.Format(warning, count), null) : null;
    }
}
