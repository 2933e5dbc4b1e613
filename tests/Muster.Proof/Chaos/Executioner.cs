using System.Diagnostics;

namespace Muster.Proof.Chaos;

/// <summary>Kills and freezes at random moments until there have been enough kills.</summary>
internal sealed class Executioner(ChaosOptions options, PlaneProcess plane, IReadOnlyList<AgentSlot> agents, TcpProxy? proxy, Func<int> done)
{
    private readonly Random _random = new(options.Seed);
    private readonly List<long> _planeKills = [];
    private int _agentKills;
    private int _freezes;
    private int _faults;

    public int Kills => _planeKills.Count + _agentKills;
    public int AgentKills => _agentKills;
    public int Freezes => _freezes;
    public int Faults => _faults;

    /// <summary>When each plane was gone.</summary>
    public IReadOnlyList<long> PlaneKills => _planeKills;

    public Task RunAsync(CancellationToken ct) => Task.WhenAll([PlaneAsync(new Random(_random.Next()), ct), NetworkAsync(new Random(_random.Next()), ct), .. agents.Where(_ => options.KillAgents).Select(a => AgentAsync(a, new Random(_random.Next()), ct))]);

    private async Task PlaneAsync(Random random, CancellationToken ct)
    {
        while (Kills < options.Kills)
        {
            var before = done();
            await MomentAsync(random, () => done() > before, options.Pace, ct);
            if (random.Next(40) == 0)
            {
                plane.Process.Freeze();
                await Task.Delay(TimeSpan.FromSeconds(options.LeaseSeconds * 1.3), CancellationToken.None);
                plane.Process.Thaw();
                Interlocked.Increment(ref _freezes);
                continue;
            }

            await plane.Process.KillAsync();
            _planeKills.Add(Stopwatch.GetTimestamp());
            await plane.StartAsync();
        }
    }

    private async Task AgentAsync(AgentSlot slot, Random random, CancellationToken ct)
    {
        while (Kills < options.Kills)
        {
            await MomentAsync(random, slot.HasBegun, options.Pace * 2, ct);
            if (random.Next(8) == 0)
            {
                await slot.FreezeAsync(TimeSpan.FromSeconds(options.LeaseSeconds * (1.3 + random.NextDouble() / 2)), ct);
                Interlocked.Increment(ref _freezes);
                continue;
            }

            await slot.KillAsync();
            Interlocked.Increment(ref _agentKills);
        }
    }

    /// <summary>No more of it: whoever is gone is started again, and the weather is fair.</summary>
    public async Task PeaceAsync()
    {
        proxy?.Set(Weather.Fair);
        if (plane.Process.HasEnded) await plane.StartAsync();
        foreach (var slot in agents.Where(a => a.HasEnded)) slot.Start(0);
    }

    /// <summary>
    /// A random moment, mostly after there is work again, so that kills find something to interrupt; one in eight at once,
    /// in the middle of a start.
    /// </summary>
    private static async Task MomentAsync(Random random, Func<bool> works, int most, CancellationToken ct)
    {
        var waits = random.Next(8) > 0;
        for (var tries = 0; waits && !works() && tries < 200; tries++) await Task.Delay(50, ct);
        await Task.Delay(random.Next(20, most), ct);
    }

    private async Task NetworkAsync(Random random, CancellationToken ct)
    {
        while (proxy is not null && Kills < options.Kills)
        {
            await Task.Delay(random.Next(100, 1500), ct);
            if (random.Next(2) == 0) proxy.Cut(reset: random.Next(2) == 0);
            else
            {
                proxy.Set((Weather)random.Next(1, 5));
                await Task.Delay(random.Next(100, (int)(options.LeaseSeconds * 1300)), CancellationToken.None);
                proxy.Set(Weather.Fair);
            }

            Interlocked.Increment(ref _faults);
        }
    }
}
