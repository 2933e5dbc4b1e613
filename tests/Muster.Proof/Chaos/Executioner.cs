using System.Collections.Concurrent;
using System.Diagnostics;

namespace Muster.Proof.Chaos;

/// <summary>Kills and freezes at random moments until there have been enough kills and each kind of target has had one.</summary>
internal sealed class Executioner(ChaosOptions options, IReadOnlyList<Target> targets, IReadOnlyList<TcpProxy> proxies, PacketNetwork? packets, StoreDisk? disk, Func<int> done)
{
    private readonly Random _random = new(options.Seed);
    private readonly ConcurrentQueue<(string Kind, long At)> _kills = new();
    private int _freezes;
    private int _faults;
    private int _full;

    public int Freezes => _freezes;
    public int Faults => _faults;
    public int FullDisks => _full;

    /// <summary>What was killed, and when it was gone.</summary>
    public IReadOnlyCollection<(string Kind, long At)> Kills => _kills;

    public Task RunAsync(CancellationToken ct) => Task.WhenAll([.. targets.Select(t => StrikeAsync(t, new Random(_random.Next()), ct)), .. proxies.Select(p => WeatherAsync(p, new Random(_random.Next()), ct)), .. packets is null ? (Task[])[] : [PacketsAsync(packets, new Random(_random.Next()), ct)], .. disk is null ? (Task[])[] : [FillAsync(disk, new Random(_random.Next()), ct)]]);

    /// <summary>Whether there were as many as were asked for, and one of each kind at least.</summary>
    public bool IsDone => targets.All(t => IsOver(t.Kind));

    private bool IsOver(string kind) => _kills.Count >= options.Kills && _kills.Any(k => k.Kind == kind);

    private async Task StrikeAsync(Target target, Random random, CancellationToken ct)
    {
        while (!IsOver(target.Kind))
        {
            await MomentAsync(target, random, ct);
            if (target.FreezeAsync is { } freeze && random.Next(target.FreezeOneIn) == 0)
            {
                // Longer than the lease: all that it holds is somebody else's when it wakes.
                await freeze(TimeSpan.FromSeconds(options.LeaseSeconds * (1.3 + random.NextDouble() / 2)));
                Interlocked.Increment(ref _freezes);
                continue;
            }

            await target.KillAsync(random, () => _kills.Enqueue((target.Kind, Stopwatch.GetTimestamp())));
        }
    }

    /// <summary>
    /// A random moment, mostly after there is work again, so that kills find something to interrupt; one in eight at once,
    /// in the middle of a start.
    /// </summary>
    private async Task MomentAsync(Target target, Random random, CancellationToken ct)
    {
        var before = done();
        var works = target.Works ?? (() => done() > before);
        var waits = random.Next(8) > 0;
        for (var tries = 0; waits && !works() && tries < 200; tries++) await Task.Delay(50, ct);
        await Task.Delay(random.Next(20, target.Pace), ct);
    }

    private async Task WeatherAsync(TcpProxy proxy, Random random, CancellationToken ct)
    {
        while (_kills.Count < options.Kills)
        {
            await Task.Delay(random.Next(100, 1500 * proxies.Count), ct);
            if (random.Next(2) == 0) proxy.Cut(reset: random.Next(2) == 0);
            else
            {
                proxy.Set(Enum.GetValues<Weather>()[random.Next(1, Enum.GetValues<Weather>().Length)]);
                await Task.Delay(random.Next(100, (int)(options.LeaseSeconds * 1300)), CancellationToken.None);
                proxy.Set(Weather.Fair);
            }

            Interlocked.Increment(ref _faults);
        }
    }

    private async Task PacketsAsync(PacketNetwork net, Random random, CancellationToken ct)
    {
        do
        {
            await Task.Delay(random.Next(500, options.Pace), ct);
            await net.DisturbAsync(random, TimeSpan.FromMilliseconds(random.Next(100, (int)(options.LeaseSeconds * 1300))));
            Interlocked.Increment(ref _faults);
        }
        while (_kills.Count < options.Kills);
    }

    private async Task FillAsync(StoreDisk disk, Random random, CancellationToken ct)
    {
        do
        {
            await Task.Delay(random.Next(500, options.Pace * 2), ct);
            // Mostly to the last block; else a write finds room, and one behind it does not.
            await disk.FillAsync(random.Next(3) > 0 ? 0 : random.Next(1 << 20), TimeSpan.FromMilliseconds(random.Next(200, (int)(options.LeaseSeconds * 1300))));
            Interlocked.Increment(ref _full);
        }
        while (_kills.Count < options.Kills);
    }
}
