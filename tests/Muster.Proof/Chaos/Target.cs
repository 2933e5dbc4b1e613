namespace Muster.Proof.Chaos;

/// <summary>Something that a run kills again and again.</summary>
internal sealed record Target
{
    /// <summary>What the result calls it.</summary>
    public required string Kind { get; init; }

    /// <summary>Longest time in milliseconds that it is left alone between two kills.</summary>
    public required int Pace { get; init; }

    /// <summary>Kills it, says so the moment it is gone, and sees to it that it comes back. Nothing is said when nothing was there to kill.</summary>
    public required Func<Random, Action, Task> KillAsync { get; init; }

    /// <summary>SIGSTOP for a given time, then SIGCONT; null for what is only killed.</summary>
    public Func<TimeSpan, Task>? FreezeAsync { get; init; }

    /// <summary>One strike in so many freezes it instead.</summary>
    public int FreezeOneIn { get; init; } = 40;

    /// <summary>Whether it has come back to work, so that a kill finds something to interrupt; null asks whether tasks are being done.</summary>
    public Func<bool>? Works { get; init; }
}

/// <summary>What a run has to kill.</summary>
internal static class Targets
{
    public static List<Target> Of(ChaosOptions options, Ground ground, Crew crew, IReadOnlyList<AgentSlot> agents, HostSlot? host)
    {
        var targets = crew.Planes.Select(plane => new Target { Kind = "plane", Pace = options.Pace * crew.Planes.Count, KillAsync = (_, gone) => plane.KillAsync(gone), FreezeAsync = plane.FreezeAsync }).ToList();
        if (options.KillAgents)
            targets.AddRange(agents.Select(slot => new Target { Kind = "agents", Pace = options.AgentPace, KillAsync = (_, gone) => slot.KillAsync(gone), FreezeAsync = slot.FreezeAsync, FreezeOneIn = 8, Works = slot.HasBegun }));
        if (crew.Planes.Count > 1) targets.Add(Leader(options, ground, crew));
        if (ground.Postgres is not null) targets.AddRange(Postgres(options, ground));
        if (ground.Nats is { } nats)
            targets.Add(new Target { Kind = "nats", Pace = options.Pace * 2, KillAsync = (random, gone) => ReplaceAsync(nats.Process, nats.RestartAsync, random, gone), FreezeAsync = time => FreezeAsync(nats.Process, time), FreezeOneIn = 8 });
        if (ground.Redis is { } redis)
            targets.Add(new Target { Kind = "redis", Pace = options.Pace * 2, KillAsync = (random, gone) => ReplaceAsync(redis.Process, redis.RestartAsync, random, gone), FreezeAsync = time => FreezeAsync(redis.Process, time), FreezeOneIn = 8 });
        if (host is not null && options.KillAgents) targets.AddRange(Host(options, host));
        return targets;
    }

    private static Target Leader(ChaosOptions options, Ground ground, Crew crew) => new()
    {
        Kind = "leader",
        Pace = options.Pace * 3,
        KillAsync = async (_, gone) =>
        {
            if (await LeadingAsync(ground, crew) is { } plane) await plane.KillAsync(gone);
        },
        FreezeOneIn = 5,
        FreezeAsync = async time =>
        {
            // Past the lead too, which is four seconds: it must not lead when it goes on.
            if (await LeadingAsync(ground, crew) is { } plane) await plane.FreezeAsync(time + TimeSpan.FromSeconds(4));
        },
    };

    private static IEnumerable<Target> Postgres(ChaosOptions options, Ground ground) =>
    [
        new Target { Kind = "postgres", Pace = options.Pace * 4, KillAsync = (_, gone) => ground.CrashPostgresAsync(gone) },
        new Target
        {
            Kind = "sessions",
            Pace = options.Pace * 2,
            KillAsync = async (random, gone) =>
            {
                if (await AskAsync(() => ground.TerminateSessionsAsync(all: random.Next(3) == 0))) gone();
            },
        },
    ];

    private static IEnumerable<Target> Host(ChaosOptions options, HostSlot host) =>
    [
        new Target { Kind = "host", Pace = options.AgentPace * 2, KillAsync = (_, gone) => host.KillAsync(gone), FreezeAsync = host.FreezeAsync, FreezeOneIn = 6, Works = host.Works },
        new Target
        {
            Kind = "hosted",
            Pace = options.AgentPace * 2,
            KillAsync = (_, gone) =>
            {
                host.KillAgent(gone);
                return Task.CompletedTask;
            },
            Works = host.Works,
        },
    ];

    private static async Task<PlaneProcess?> LeadingAsync(Ground ground, Crew crew)
    {
        int? leads = null;
        await AskAsync(async () => (leads = await ground.LeaderAsync()) is not null);
        return crew.Planes.FirstOrDefault(p => p.Pid == leads);
    }

    /// <summary>The server that is asked may just be killed itself; then there is nothing to strike this time.</summary>
    private static async Task<bool> AskAsync(Func<Task<bool>> ask)
    {
        try
        {
            return await ask();
        }
        catch (Npgsql.NpgsqlException)
        {
            return false;
        }
    }

    private static async Task ReplaceAsync(Conformance.Servers.ServerProcess process, Func<Task> restart, Random random, Action gone)
    {
        await process.KillAsync();
        gone();
        await Task.Delay(random.Next(0, 1500));
        await restart();
    }

    private static async Task FreezeAsync(Conformance.Servers.ServerProcess process, TimeSpan time)
    {
        process.Freeze();
        await Task.Delay(time);
        process.Thaw();
    }
}
