using Muster.Runner.Processes;

namespace Muster.Runner.Tests.Processes;

public sealed class RestartIntensityTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void More_deaths_than_allowed_within_the_window_and_it_is_given_up()
    {
        var intensity = new RestartIntensity(new RestartPolicy(), _time);
        for (var death = 1; death <= 5; death++) Assert.False(intensity.Died().GiveUp);
        Assert.True(intensity.Died().GiveUp);
    }

    [Fact]
    public void Deaths_older_than_the_window_are_forgotten()
    {
        var intensity = new RestartIntensity(new RestartPolicy(), _time);
        for (var death = 1; death <= 20; death++)
        {
            Assert.False(intensity.Died().GiveUp);
            _time.Advance(TimeSpan.FromSeconds(13));
        }
    }

    [Fact]
    public void The_delay_doubles_up_to_its_limit_and_is_jittered_in_full()
    {
        var policy = new RestartPolicy { MaxRestarts = 100 };
        Assert.Equal(200, RestartIntensity.Decide(policy, deaths: 1, jitter: 1).Delay.TotalMilliseconds);
        Assert.Equal(1600, RestartIntensity.Decide(policy, deaths: 4, jitter: 1).Delay.TotalMilliseconds);
        Assert.Equal(30_000, RestartIntensity.Decide(policy, deaths: 50, jitter: 1).Delay.TotalMilliseconds);
        Assert.Equal(0, RestartIntensity.Decide(policy, deaths: 4, jitter: 0).Delay.TotalMilliseconds);
    }
}
