using System.Diagnostics;
using Muster.Client;
using Muster.Contracts.Fleet;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.Proof.Checking;

namespace Muster.Proof.Chaos;

/// <summary>
/// Planes and agents in processes of their own, and the servers they stand on, killed and frozen at random while they work; in
/// the end everything that anybody was told is compared with the store.
/// </summary>
internal sealed class ChaosRun(ChaosOptions options, Action<string> tell)
{
    private const string Project = "CHAOS";

    /// <summary>After the last fault everything is well again within this time (requirement B3).</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(10);

    public async Task<ChaosResult> RunAsync(CancellationToken ct)
    {
        var begun = Stopwatch.GetTimestamp();
        Directory.CreateDirectory(options.Folder);
        if (options.Packets) await PacketNetwork.PrepareAsync();
        await using var ground = await Ground.StartAsync(options);
        await using var crew = await Crew.StartAsync(options, ground);
        using var owner = crew.Client(retries: 8);
        await owner.CreateProjectAsync(new CreateProject { Name = "chaos", Key = Project, LeaseSeconds = options.LeaseSeconds, MaxFailures = 100, Contract = "" }, ct: ct);
        var token = (await owner.CreateTokenAsync(new CreateToken { Name = "agents", Scope = Scopes.Agent }, ct: ct)).Secret;
        var slots = Enumerable.Range(1, options.Processes).Select(n => new AgentSlot(n, options.Folder, options, crew.Addresses, token, Project)).ToList();
        await using var host = options.Host ? new HostSlot(options.Folder, options, crew.Addresses[0], crew.Planes[0].Token, Project) : null;
        var follower = new Follower(owner);
        var executioner = new Executioner(options, Targets.Of(options, ground, crew, slots, host), [.. crew.Proxies, .. ground.Proxies], options.Packets ? new PacketNetwork(() => [.. crew.Planes.Select(p => p.Address.Port), .. ground.Ports]) : null, ground.Disk, () => follower.Done);
        try
        {
            using var following = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var followed = follower.RunAsync(following.Token);
            foreach (var slot in slots) slot.Start(0);
            if (host is not null) await host.StartAsync(owner, ct);
            await WorkAsync(crew, executioner, follower, ct);
            var found = await PeaceAsync(ground, crew, slots, host, ct);
            foreach (var slot in slots) await slot.StopAsync();
            if (host is not null && await host.StopAsync() is not 0 and var code) found.Add(new Breach(Rules.Stuck, $"the host daemon did not end by itself when told to: exit code {code}"));
            await CaughtUpAsync(owner, follower, options.Plant is null ? 400 : 60, ct);
            await following.CancelAsync();
            await followed;
            foreach (var plane in crew.Planes)
                if (await plane.Process.StopAsync(TimeSpan.FromSeconds(20)) is not 0 and var ended) found.Add(new Breach(Rules.Stuck, $"a plane did not end by itself when told to: exit code {ended}"));
            return await new ChaosVerdict(options, tell).CheckAsync(ground, executioner, follower, slots, found, begun);
        }
        finally
        {
            foreach (var slot in slots) await slot.DisposeAsync();
        }
    }

    /// <summary>Until there were enough kills and effects and nothing is left to do, or until the time is up.</summary>
    private async Task WorkAsync(Crew crew, Executioner executioner, Follower follower, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(options.Limit);
        await using var ledger = new Ledger(Path.Combine(options.Folder, "feeder.jsonl"));
        using var client = crew.Client(retries: 6);
        var feeder = new Feeder(client, ledger, Project, options.Effects, () => follower.Done, () => !executioner.IsDone);
        var kills = executioner.RunAsync(limit.Token);
        var feeding = feeder.RunAsync(options.Seed, limit.Token);
        var working = Task.WhenAll(kills, feeding);
        var told = Stopwatch.GetTimestamp();
        while (!working.IsCompleted || follower.Done < feeder.Made)
        {
            await Task.WhenAny(working, Task.Delay(TimeSpan.FromSeconds(1), ct));
            if (kills.IsFaulted) await kills;
            if (feeding.IsFaulted) await feeding;
            // Time is up: no more kills and no more tasks, only what is there is finished.
            if (limit.IsCancellationRequested) break;
            if (working.IsCompleted) await Task.Delay(50, ct);
            // A bug may be the end of its plane.
            if (options.Plant is not null) await crew.ReviveAsync();
            if (Stopwatch.GetElapsedTime(told) < TimeSpan.FromSeconds(5)) continue;
            told = Stopwatch.GetTimestamp();
            tell($"{Stopwatch.GetElapsedTime(follower.Begun).TotalSeconds,5:F0} s: {executioner.Kills.Count} kills, {executioner.Freezes} freezes, {feeder.Made} tasks, {follower.Done} done");
        }

        try
        {
            await working;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            tell($"the time is up: {executioner.Kills.Count} of {options.Kills} kills, {feeder.Made} of {options.Effects} tasks");
        }
    }

    /// <summary>No more faults: whoever is gone is started again, all get well by themselves, and all work is done.</summary>
    private static async Task<List<Breach>> PeaceAsync(Ground ground, Crew crew, List<AgentSlot> slots, HostSlot? host, CancellationToken ct)
    {
        await ground.PeaceAsync();
        await crew.PeaceAsync();
        foreach (var slot in slots.Where(a => a.HasEnded)) slot.Start(0);
        if (host is not null) await host.ReviveAsync();
        var found = new List<Breach>();
        foreach (var plane in crew.Planes)
            if (await SickAsync(plane, ct) is { } sick) found.Add(new Breach(Rules.Stuck, $"{Recovery.TotalSeconds} s after the last fault a plane is not well: {sick}"));
        using var client = crew.Client(retries: 6);
        if (await LeftAsync(client, ct) is { } left) found.Add(new Breach(Rules.Stuck, $"after two minutes of peace there are still open tasks: {left}"));
        return found;
    }

    private static async Task<string?> SickAsync(PlaneProcess plane, CancellationToken ct)
    {
        using var client = new MusterClient(new MusterClientOptions { Server = plane.Address, Token = plane.Token, Timeout = TimeSpan.FromSeconds(5), MaxRetries = 0 });
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            string said;
            try
            {
                var health = await client.GetHealthReadyAsync(ct: ct);
                if (health.Status == "healthy") return null;
                said = string.Join("; ", health.Parts.Where(p => p.Status != "healthy").Select(p => $"{p.Name}: {p.Detail}"));
            }
            catch (Exception error) when (Scribe.IsUnknown(error))
            {
                said = error.Message;
            }

            if (Stopwatch.GetElapsedTime(since) > Recovery) return said;
            await Task.Delay(100, ct);
        }
    }

    /// <summary>Tasks whose making was not acknowledged may still be there, and are done as well.</summary>
    private static async Task<string?> LeftAsync(MusterClient client, CancellationToken ct)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            var pending = (await client.ListTasksAsync(project: Project, status: TaskState.Pending, limit: 5, ct: ct)).Items;
            var held = (await client.ListTasksAsync(project: Project, status: TaskState.InProgress, limit: 5, ct: ct)).Items;
            if (pending.Count + held.Count == 0) return null;
            if (Stopwatch.GetElapsedTime(since) > TimeSpan.FromSeconds(120)) return string.Join(", ", pending.Concat(held).Select(t => $"{t.Key} {t.Status}"));
            await Task.Delay(100, ct);
        }
    }

    private static async Task CaughtUpAsync(MusterClient owner, Follower follower, int tries, CancellationToken ct)
    {
        // A log that a planted bug has made a hole in is never told to its end.
        for (var i = 0; i < tries; i++)
        {
            if ((await owner.ListEventsAsync(after: follower.Last, limit: 1, ct: ct)).Items.Count == 0) return;
            await Task.Delay(50, ct);
        }
    }
}
