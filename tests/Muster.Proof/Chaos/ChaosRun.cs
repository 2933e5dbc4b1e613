using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Client;
using Muster.Contracts.Fleet;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.Integrations.Sqlite;
using Muster.Proof.Checking;

namespace Muster.Proof.Chaos;

/// <summary>
/// A plane and agents in processes of their own, killed and frozen at random while they work; in the end everything that
/// anybody was told is compared with the store.
/// </summary>
internal sealed class ChaosRun(ChaosOptions options, Action<string> tell)
{
    private const string Project = "CHAOS";

    public async Task<ChaosResult> RunAsync(CancellationToken ct)
    {
        var begun = Stopwatch.GetTimestamp();
        Directory.CreateDirectory(options.Folder);
        await using var plane = new PlaneProcess(options.Folder, options);
        await plane.StartAsync();
        using var owner = Client(plane, retries: 8);
        await owner.CreateProjectAsync(new CreateProject { Name = "chaos", Key = Project, LeaseSeconds = options.LeaseSeconds, MaxFailures = 100, Contract = "" }, ct: ct);
        var token = (await owner.CreateTokenAsync(new CreateToken { Name = "agents", Scope = Scopes.Agent }, ct: ct)).Secret;
        await using var proxy = options.Network ? new TcpProxy(plane.Address.Port) : null;
        var slots = Enumerable.Range(1, options.Processes).Select(n => new AgentSlot(n, options.Folder, options, proxy?.Address ?? plane.Address, token, Project)).ToList();
        var follower = new Follower(owner);
        var executioner = new Executioner(options, plane, slots, proxy, () => follower.Done);
        try
        {
            using var following = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var followed = follower.RunAsync(following.Token);
            foreach (var slot in slots) slot.Start(0);
            var stuck = await WorkAsync(plane, executioner, follower, ct);
            foreach (var slot in slots) await slot.StopAsync();
            await CaughtUpAsync(owner, follower, ct);
            await following.CancelAsync();
            await followed;
            var code = await plane.Process.StopAsync(TimeSpan.FromSeconds(20));
            IEnumerable<Breach> left = code == 0 ? [] : [new Breach(Rules.Stuck, $"the plane did not end by itself when told to: exit code {code}")];
            return await CheckAsync(plane, executioner, follower, slots, [.. stuck, .. left], begun);
        }
        finally
        {
            foreach (var slot in slots) await slot.DisposeAsync();
        }
    }

    /// <summary>Until there were enough kills and effects, and then until nothing is left to do.</summary>
    private async Task<IReadOnlyList<Breach>> WorkAsync(PlaneProcess plane, Executioner executioner, Follower follower, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(options.Limit);
        await using var ledger = new Ledger(Path.Combine(options.Folder, "feeder.jsonl"));
        using var client = Client(plane, retries: 6);
        var feeder = new Feeder(client, ledger, Project, options.Effects, () => follower.Done);
        var kills = executioner.RunAsync(limit.Token);
        var feeding = feeder.RunAsync(options.Seed, limit.Token);
        var working = Task.WhenAll(kills, feeding);
        var told = Stopwatch.GetTimestamp();
        while (!working.IsCompleted || follower.Done < feeder.Made)
        {
            await Task.WhenAny(working, Task.Delay(TimeSpan.FromSeconds(1), ct));
            if (working.IsFaulted) await working;
            // Time is up: no more kills and no more tasks, only what is there is finished.
            if (limit.IsCancellationRequested) break;
            if (working.IsCompleted) await Task.Delay(50, ct);
            if (Stopwatch.GetElapsedTime(told) < TimeSpan.FromSeconds(5)) continue;
            told = Stopwatch.GetTimestamp();
            tell($"{executioner.Kills} kills, {executioner.Freezes} freezes, {feeder.Made} tasks, {follower.Done} done");
        }

        try
        {
            await working;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            tell($"the time is up: {executioner.Kills} of {options.Kills} kills, {feeder.Made} of {options.Effects} tasks");
        }

        return await LeftAsync(plane, executioner, ct);
    }

    /// <summary>Tasks whose making was not acknowledged may still be there, and are done as well.</summary>
    private async Task<IReadOnlyList<Breach>> LeftAsync(PlaneProcess plane, Executioner executioner, CancellationToken ct)
    {
        await executioner.PeaceAsync();
        using var client = Client(plane, retries: 6);
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            var pending = (await client.ListTasksAsync(project: Project, status: TaskState.Pending, limit: 5, ct: ct)).Items;
            var held = (await client.ListTasksAsync(project: Project, status: TaskState.InProgress, limit: 5, ct: ct)).Items;
            if (pending.Count + held.Count == 0) return [];
            if (Stopwatch.GetElapsedTime(since) > TimeSpan.FromSeconds(120))
                return [new Breach(Rules.Stuck, $"after two minutes of peace there are still open tasks: {string.Join(", ", pending.Concat(held).Select(t => $"{t.Key} {t.Status}"))}")];
            await Task.Delay(100, ct);
        }
    }

    private static async Task CaughtUpAsync(MusterClient owner, Follower follower, CancellationToken ct)
    {
        for (var i = 0; i < 200; i++)
        {
            if ((await owner.ListEventsAsync(after: follower.Last, limit: 1, ct: ct)).Items.Count == 0) return;
            await Task.Delay(50, ct);
        }
    }

    /// <summary>Looks again at what a run has left: its ledgers and its store.</summary>
    public static async Task<IReadOnlyList<Breach>> RecheckAsync(string folder)
    {
        var calls = new List<Call>();
        foreach (var file in Directory.GetFiles(folder, "*.jsonl")) calls.AddRange(Call.From(await Ledger.ReadAsync(file)));
        await using var store = SqliteStore.Open(Path.Combine(folder, "data"), TimeProvider.System, NullLogger.Instance);
        var facts = await StoreFacts.ReadAsync(store);
        return [.. StoreInvariants.Check(facts), .. Acknowledged.Check(facts, calls)];
    }

    private async Task<ChaosResult> CheckAsync(PlaneProcess plane, Executioner executioner, Follower follower, List<AgentSlot> slots, IReadOnlyList<Breach> found, long begun)
    {
        tell("reading what everybody was told");
        var ledgers = new Dictionary<string, List<Entry>>(StringComparer.Ordinal);
        foreach (var file in Directory.GetFiles(options.Folder, "*.jsonl")) ledgers[file] = await Ledger.ReadAsync(file);
        var calls = ledgers.Values.SelectMany(Call.From).ToList();
        await using var store = SqliteStore.Open(plane.Data, TimeProvider.System, NullLogger.Instance);
        var facts = await StoreFacts.ReadAsync(store);
        tell($"checking {calls.Count} calls against {facts.Tasks.Count} tasks and {facts.Events.Count} events");
        List<Breach> breaches = [.. found, .. StoreInvariants.Check(facts), .. Acknowledged.Check(facts, calls), .. EventStream.Check(facts.Events, follower.Seen)];
        if (facts.Tasks.FirstOrDefault(t => t.Status != TaskState.Done) is { } open && found.Count == 0) breaches.Add(new Breach(Rules.Stuck, $"task {open.Number} is {open.Status}"));
        var completions = calls.Where(c => c is { Kind: Kinds.Complete, End: Ends.Ok }).Select(c => c.Answered).Order().ToList();
        var stale = calls.Where(c => c.End == Ends.Stale).ToList();
        var result = new ChaosResult
        {
            Seed = options.Seed,
            Kills = executioner.Kills,
            KillsByTarget = new Dictionary<string, int>(StringComparer.Ordinal) { ["plane"] = executioner.PlaneKills.Count, ["agents"] = executioner.AgentKills },
            Freezes = executioner.Freezes,
            NetworkFaults = executioner.Faults,
            Effects = completions.Count,
            Tasks = facts.Tasks.Count,
            Calls = calls.Count,
            Unknown = calls.Count(c => c.End == Ends.Unknown),
            StaleRefused = stale.Count,
            StalePaths = stale.Select(c => c.Path ?? c.Kind).Distinct(StringComparer.Ordinal).Count(),
            Events = facts.Events.Count,
            Followed = follower.Seen.Count,
            Histories = calls.Select(c => c.Task).Distinct(StringComparer.Ordinal).Count(),
            BackAtWorkMs = new Dictionary<string, Spread>(StringComparer.Ordinal)
            {
                ["plane"] = Spread.Of([.. executioner.PlaneKills.Select(killed => After(completions, killed)).OfType<double>()]),
                ["agents"] = Spread.Of([.. slots.SelectMany(s => s.Lives).Where(l => l.Killed > 0).Select(l => After(Completed(ledgers.GetValueOrDefault(l.Ledger, [])), l.Killed)).OfType<double>()]),
            },
            Seconds = Math.Round(Stopwatch.GetElapsedTime(begun).TotalSeconds, 1),
            Breaches = breaches,
        };
        return result;
    }

    private static List<long> Completed(List<Entry> ledger) => [.. ledger.Where(e => e is { Kind: Kinds.Complete, End: Ends.Ok }).Select(e => e.At).Order()];

    /// <summary>Milliseconds from a moment to the first acknowledged completion after it.</summary>
    private static double? After(List<long> completions, long moment)
    {
        var index = completions.BinarySearch(moment);
        if (index < 0) index = ~index;
        return index < completions.Count ? Stopwatch.GetElapsedTime(moment, completions[index]).TotalMilliseconds : null;
    }

    private static MusterClient Client(PlaneProcess plane, int retries) =>
        new(new MusterClientOptions { Server = plane.Address, Token = plane.Token, Timeout = TimeSpan.FromSeconds(5), MaxRetries = retries });
}
