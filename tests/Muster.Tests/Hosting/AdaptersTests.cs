using Muster.Hosting;

namespace Muster.Tests.Hosting;

/// <summary>What a plane stands on is checked at its start: every fault at once, and no secret in any of them.</summary>
public sealed class AdaptersTests
{
    [Fact]
    public void What_was_said_first_wins_and_what_was_not_said_is_looked_for_further()
    {
        var line = new Adapters { Bus = "nats://line" };
        var variables = new Adapters { Bus = "nats://variable", State = "redis://variable" };
        var file = Adapters.Of(new PlaneConfig { Bus = "nats://file", State = "redis://file", Store = "postgres://file" });
        Assert.Equal(new Adapters { Bus = "nats://line", State = "redis://variable", Store = "postgres://file" }, line.Over(variables).Over(file));
        Assert.Empty(line.Over(variables).Validate());
        Assert.Empty(new Adapters().Validate());
    }

    [Fact]
    public void Every_wrong_address_is_told_at_once_with_its_settings_and_without_its_secret()
    {
        var faults = new Adapters { Bus = "nats://muster:SECRET@host/path", State = "http://muster:SECRET@host" }.Validate();
        Assert.Equal(2, faults.Count);
        Assert.Contains("MUSTER_BUS", faults[0], StringComparison.Ordinal);
        Assert.Contains("MUSTER_STATE", faults[1], StringComparison.Ordinal);
        Assert.All(faults, fault => Assert.DoesNotContain("SECRET", fault, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("postgres://muster@host/muster", "postgres", true)]
    [InlineData(null, "postgres", false)]
    [InlineData("sqlite", "postgres", false)]
    [InlineData(null, "postgres://muster@host/other", true)]
    public void The_word_postgres_means_the_database_of_the_store(string? store, string named, bool good)
    {
        var faults = new Adapters { Store = store, Bus = named, State = named }.Validate();
        Assert.Equal(good ? 0 : 2, faults.Count);
    }
}
