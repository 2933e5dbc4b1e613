namespace Muster.EndToEnd.Tests;

public sealed class KillTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    [Fact]
    [Trait("req", "A5")]
    public async Task Shell_agents_killed_at_random_do_every_task_of_a_persons_own_plan_once()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var stage = new Stage();
        var muster = await stage.UpAsync();
        var repository = await WordProject.SetUpAsync(stage, agents: 3);

        for (var kill = 0; kill < 8; kill++)
        {
            // Not a wait for something to happen: the moment itself is what is random.
            await Task.Delay(random.Next(200, 1500));
            // The agent's own process or the program that it has started.
            var victims = Leftovers.Find(stage.Path).Where(one => one.Command.Contains("agent run", StringComparison.Ordinal) || one.Command.Contains("agent.sh", StringComparison.Ordinal)).ToList();
            if (victims.Count == 0) continue;
            var (pid, command) = victims[random.Next(victims.Count)];
            output.WriteLine($"kill -9 {pid} {command} {Signals.Send(pid, Signals.Kill)}");
        }

        await WordProject.AssertDoneOnceAsync(muster, repository, Patience);
        Assert.Equal(0, await muster.StopAsync());
    }

    [Fact]
    [Trait("req", "C6")]
    public async Task A_plane_killed_at_any_moment_goes_on_where_it_was()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var stage = new Stage();
        var muster = await stage.UpAsync();
        var port = muster.Address.Port;
        var repository = await WordProject.SetUpAsync(stage, agents: 3);

        for (var kill = 0; kill < 6; kill++)
        {
            await Task.Delay(random.Next(100, 2500));
            await muster.KillAsync();
            output.WriteLine($"kill -9 plane {muster.Pid}");
            // On its port again, as after a restart by a service manager.
            muster = await stage.UpAsync(port);
        }

        await WordProject.AssertDoneOnceAsync(muster, repository, Patience);
        Assert.Equal(0, await muster.StopAsync());
    }
}
