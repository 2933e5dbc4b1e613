using Muster.Hosting;

namespace Muster.Tests.Hosting;

/// <summary>Who looks at the log in the morning finds how it began (B11).</summary>
[Trait("req", "B11")]
public sealed class RepetitionsTests
{
    private readonly Clock _clock = new();
    private readonly Repetitions _repetitions;

    public RepetitionsTests() => _repetitions = new Repetitions(_clock);

    [Fact]
    public void What_is_said_again_and_again_is_said_once_a_minute_with_how_often()
    {
        List<string> log = [];
        for (var tick = 0; tick < 5 * 130; tick++)
        {
            Say(log, "error the disk is full");
            _clock.Pass(TimeSpan.FromMilliseconds(200));
        }

        Assert.Equal(
            ["error the disk is full", "error the disk is full (again 299 times until 00:00:59Z)", "error the disk is full", "error the disk is full (again 299 times until 00:01:59Z)", "error the disk is full"], log);
        Assert.Equal(["error the disk is full (again 49 times until 00:02:09Z)"], _repetitions.End());
        Assert.Empty(_repetitions.End());
    }

    [Fact]
    public void Others_are_said_meanwhile_and_tell_what_was_kept_back()
    {
        List<string> log = [];
        Say(log, "a");
        Say(log, "a");
        Say(log, "b");
        _clock.Pass(TimeSpan.FromMinutes(2));
        Say(log, "c");
        Assert.Equal(["a", "b", "a (again 1 time until 00:00:00Z)", "c"], log);
    }

    [Fact]
    public void However_many_things_go_wrong_none_is_swallowed()
    {
        List<string> log = [];
        for (var n = 0; n < 1000; n++) Say(log, $"task {n}");
        Assert.Equal(1000, log.Count);
    }

    private void Say(List<string> log, string what)
    {
        var isNew = _repetitions.IsNew(what, out var again);
        log.AddRange(again);
        if (isNew) log.Add(what);
    }

    private sealed class Clock : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => _now;

        public void Pass(TimeSpan time) => _now += time;
    }
}
