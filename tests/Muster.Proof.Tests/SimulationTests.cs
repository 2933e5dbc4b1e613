using Muster.Proof.Planting;
using Muster.Proof.Simulation;

namespace Muster.Proof.Tests;

/// <summary>Seeded simulations of the real core; <c>./muster sim</c> runs as many as one likes.</summary>
public sealed class SimulationTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("muster-sim-").FullName;
    private SimServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await SimServer.StartAsync(Path.Combine(_folder, "server"));

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    [Trait("req", "C6")]
    [Trait("req", "B1")]
    public async Task Whatever_the_network_loses_and_wherever_the_plane_crashes_the_model_and_the_store_agree()
    {
        var first = Environment.TickCount & 0xffffff;
        output.WriteLine($"seed {first}; to repeat one: ./muster sim --seed N");
        var result = await new SimRun(new SimOptions(), Path.Combine(_folder, "run"), output.WriteLine).RunAsync(first, seeds: 40, most: 3, TestContext.Current.CancellationToken);

        output.WriteLine($"{result.Seeds} seeds, {result.Steps} calls, {result.Crashes} crashes in {result.Seconds} s");
        Assert.Empty(result.Breaches);
        Assert.True(result.Crashes > 20, $"only {result.Crashes} crashes");
    }

    [Fact]
    public async Task A_seed_tells_the_same_story_each_time()
    {
        var run = new SimRun(new SimOptions(), _folder, output.WriteLine);
        foreach (var seed in (int[])[7, 77, 777])
        {
            var first = await run.RunOneAsync(_server, seed, Path.Combine(_folder, "first"));
            var second = await run.RunOneAsync(_server, seed, Path.Combine(_folder, "second"));
            Assert.True(first.Trace.Count > 50);
            Assert.Equal(first.Trace, second.Trace);
        }
    }

    /// <summary>A checker that never finds anything proves nothing.</summary>
    [Theory]
    [InlineData(Plant.SkipEpochCheck)]
    [InlineData(Plant.AcknowledgeBeforeCommit)]
    [InlineData(Plant.DropEvent)]
    [InlineData(Plant.ReplaceEvent)]
    [InlineData(Plant.ForgetSuccessors)]
    [InlineData(Plant.DoubleClaim)]
    [InlineData(Plant.CountTwice)]
    public async Task A_planted_bug_is_found(Plant plant)
    {
        var run = new SimRun(new SimOptions { Plant = plant }, _folder, output.WriteLine);
        for (var seed = 1; seed <= 80; seed++)
        {
            var outcome = await run.RunOneAsync(_server, seed, _folder);
            if (outcome.Breaches.Count == 0) continue;
            output.WriteLine($"{plant} found at seed {seed} after {outcome.Steps} calls: {outcome.Breaches[0].Rule}: {outcome.Breaches[0].Text}");
            return;
        }

        Assert.Fail($"{plant} was not found in 80 seeds");
    }
}
