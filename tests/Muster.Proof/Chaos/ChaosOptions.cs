using Muster.Proof.Planting;

namespace Muster.Proof.Chaos;

/// <summary>How long and how hard.</summary>
public sealed record ChaosOptions
{
    public required int Seed { get; init; }

    /// <summary>Where ledgers, stores and logs of the run lie; kept when something is wrong.</summary>
    public required string Folder { get; init; }
    public int Kills { get; init; } = 12;

    /// <summary>Acknowledged completions to reach at least.</summary>
    public int Effects { get; init; } = 500;
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Processes of agents, and agents in each.</summary>
    public int Processes { get; init; } = 3;
    public int AgentsEach { get; init; } = 4;

    /// <summary>Tasks of one claim.</summary>
    public int Batch { get; init; } = 8;
    public int LeaseSeconds { get; init; } = 2;

    /// <summary>Of a thousand tasks, so many are held past their lease on purpose.</summary>
    public int Forgetful { get; init; } = 3;

    /// <summary>Of a thousand tasks, so many are given back undone.</summary>
    public int GivenBack { get; init; } = 10;

    /// <summary>Longest time, in milliseconds, that a plane is left to work between kills; its servers get longer.</summary>
    public int Pace { get; init; } = 1200;

    /// <summary>The same of an agent.</summary>
    public int AgentPace { get; init; } = 2400;

    /// <summary>Whether the store is on a PostgreSQL server, which is killed too.</summary>
    public bool Postgres { get; init; }

    /// <summary>Planes on one store; the one that leads is killed for itself too.</summary>
    public int Planes { get; init; } = 1;

    /// <summary>Whether messages go over a NATS server, which is killed too.</summary>
    public bool Nats { get; init; }

    /// <summary>Whether planes share what is short-lived in a Redis server, which is killed too.</summary>
    public bool Redis { get; init; }

    /// <summary>Whether a host daemon with an agent under it is there, and killed too.</summary>
    public bool Host { get; init; }

    /// <summary>Whether agents are killed too, or the plane alone.</summary>
    public bool KillAgents { get; init; } = true;

    /// <summary>Whether agents reach the planes, and planes their servers, through proxies that delay, cut and blackhole connections.</summary>
    public bool Network { get; init; }

    /// <summary>Whether the run has a network for itself, whose packets the kernel loses.</summary>
    public bool Packets { get; init; }

    /// <summary>Whether the store lies on a small disk of its own, which is full now and then.</summary>
    public bool Disk { get; init; }

    /// <summary>A bug built into the plane on purpose, to see that it is found; null runs the real executable.</summary>
    public Plant? Plant { get; init; }
}

/// <summary>What a run did and found.</summary>
public sealed record ChaosResult
{
    public required int Seed { get; init; }
    public required int Kills { get; init; }
    public required IReadOnlyDictionary<string, int> KillsByTarget { get; init; }
    public required int Freezes { get; init; }
    public required int NetworkFaults { get; init; }

    /// <summary>Times that the disk was full, and calls that were refused for it.</summary>
    public required int FullDisks { get; init; }
    public required int RefusedFull { get; init; }
    public required int Effects { get; init; }
    public required int Tasks { get; init; }
    public required int Calls { get; init; }
    public required int Unknown { get; init; }

    /// <summary>Calls with a lease that was refused as stale, and on how many different paths.</summary>
    public required int StaleRefused { get; init; }
    public required int StalePaths { get; init; }
    public required long Events { get; init; }
    public required int Followed { get; init; }
    public required int Histories { get; init; }

    /// <summary>From a kill to the first acknowledged completion after it, in milliseconds, by what was killed; of agents, by the killed one's own successor.</summary>
    public required IReadOnlyDictionary<string, Spread> BackAtWorkMs { get; init; }
    public required double Seconds { get; init; }
    public required IReadOnlyList<Checking.Breach> Breaches { get; init; }
}

/// <summary>Of a figure that was measured many times.</summary>
public sealed record Spread(int Count, double P50, double P99, double Max)
{
    public static Spread Of(IReadOnlyCollection<double> values)
    {
        if (values.Count == 0) return new Spread(0, 0, 0, 0);
        var sorted = values.Order().ToList();
        return new Spread(sorted.Count, At(sorted, 0.5), At(sorted, 0.99), sorted[^1]);
    }

    private static double At(List<double> sorted, double share) => Math.Round(sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))], 1);
}
