using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Contracts.Work;
using Muster.Integrations.Sqlite;
using Muster.Proof.Checking;

namespace Muster.Proof.Chaos;

/// <summary>Compares what everybody was told in a run with what its store holds.</summary>
internal sealed class ChaosVerdict(ChaosOptions options, Action<string> tell)
{
    /// <summary>What stood in a store that is not in the run's folder; kept when something is wrong.</summary>
    private const string FactsFile = "facts.json";

    /// <summary>How far one of several planes may be behind: from then on it asks the store.</summary>
    private static readonly TimeSpan Lag = TimeSpan.FromSeconds(5);

    private static readonly JsonSerializerOptions WithTuples = new() { IncludeFields = true };

    /// <summary>Looks again at what a run has left: its ledgers and its store.</summary>
    public static async Task<IReadOnlyList<Breach>> RecheckAsync(string folder)
    {
        var calls = (await ReadAsync(folder)).Values.SelectMany(Call.From).ToList();
        var kept = Path.Combine(folder, FactsFile);
        if (File.Exists(kept)) return Check(JsonSerializer.Deserialize<StoreFacts>(await File.ReadAllTextAsync(kept), WithTuples)!, calls, folder);
        await using var store = SqliteStore.Open(Path.Combine(folder, "data"), TimeProvider.System, NullLogger.Instance);
        return Check(await StoreFacts.ReadAsync(store), calls, folder);
    }

    public async Task<ChaosResult> CheckAsync(Ground ground, Executioner executioner, Follower follower, List<AgentSlot> slots, List<Breach> found, long begun)
    {
        tell("reading what everybody was told");
        var ledgers = await ReadAsync(options.Folder);
        var calls = ledgers.Values.SelectMany(Call.From).ToList();
        var facts = await FactsAsync(ground);
        tell($"checking {calls.Count} calls against {facts.Tasks.Count} tasks and {facts.Events.Count} events");
        List<Breach> breaches = [.. found, .. Check(facts, calls, options.Folder), .. EventStream.Check(facts.Events, follower.Seen)];
        if (facts.Tasks.FirstOrDefault(t => t.Status != TaskState.Done) is { } open && found.Count == 0) breaches.Add(new Breach(Rules.Stuck, $"task {open.Number} is {open.Status}"));
        if (breaches.Count > 0 && ground.Postgres is not null) await File.WriteAllTextAsync(Path.Combine(options.Folder, FactsFile), JsonSerializer.Serialize(facts, WithTuples));
        var stale = calls.Where(c => c.End == Ends.Stale).ToList();
        return new ChaosResult
        {
            Seed = options.Seed,
            Kills = executioner.Kills.Count,
            KillsByTarget = executioner.Kills.GroupBy(k => k.Kind, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal),
            Freezes = executioner.Freezes,
            NetworkFaults = executioner.Faults,
            FullDisks = executioner.FullDisks,
            RefusedFull = calls.Count(c => c.End == Ends.Full),
            Effects = calls.Count(c => c is { Kind: Kinds.Complete, End: Ends.Ok }),
            Tasks = facts.Tasks.Count,
            Calls = calls.Count,
            Unknown = calls.Count(c => c.End == Ends.Unknown),
            StaleRefused = stale.Count,
            StalePaths = stale.Select(c => c.Path ?? c.Kind).Distinct(StringComparer.Ordinal).Count(),
            Events = facts.Events.Count,
            Followed = follower.Seen.Count,
            Histories = calls.Select(c => c.Task).Distinct(StringComparer.Ordinal).Count(),
            BackAtWorkMs = Back(executioner, slots, ledgers),
            Seconds = Math.Round(Stopwatch.GetElapsedTime(begun).TotalSeconds, 1),
            Breaches = breaches,
        };
    }

    private static IReadOnlyList<Breach> Check(StoreFacts facts, IReadOnlyList<Call> calls, string folder) =>
        [.. StoreInvariants.Check(facts), .. Acknowledged.Check(facts, calls, Directory.Exists(Path.Combine(folder, "data-2")) ? (long)(Lag.TotalSeconds * Stopwatch.Frequency) : 0)];

    private static async Task<StoreFacts> FactsAsync(Ground ground)
    {
        var damage = await ground.DamageAsync();
        await using var store = await ground.OpenAsync();
        var facts = await StoreFacts.ReadAsync(store);
        return facts with { Damage = [.. facts.Damage, .. damage] };
    }

    private static async Task<Dictionary<string, List<Entry>>> ReadAsync(string folder)
    {
        var ledgers = new Dictionary<string, List<Entry>>(StringComparer.Ordinal);
        foreach (var file in Directory.GetFiles(folder, "*.jsonl")) ledgers[file] = await Ledger.ReadAsync(file);
        return ledgers;
    }

    private static Dictionary<string, Spread> Back(Executioner executioner, List<AgentSlot> slots, Dictionary<string, List<Entry>> ledgers)
    {
        var all = Completed(ledgers.Values.SelectMany(l => l));
        var hosted = Completed(ledgers.Where(l => Path.GetFileName(l.Key).StartsWith("agents-hosted.", StringComparison.Ordinal)).SelectMany(l => l.Value));
        var back = new Dictionary<string, Spread>(StringComparer.Ordinal);
        foreach (var kind in executioner.Kills.GroupBy(k => k.Kind, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            back[kind.Key] = kind.Key == "agents"
                ? Spread.Of([.. slots.SelectMany(s => s.Lives).Where(l => l.Killed > 0).Select(l => After(Completed(ledgers.GetValueOrDefault(l.Ledger, [])), l.Killed)).OfType<double>()])
                : Spread.Of([.. kind.Select(k => After(kind.Key is "host" or "hosted" ? hosted : all, k.At)).OfType<double>()]);
        }

        return back;
    }

    private static List<long> Completed(IEnumerable<Entry> ledger) => [.. ledger.Where(e => e is { Kind: Kinds.Complete, End: Ends.Ok }).Select(e => e.At).Order()];

    /// <summary>Milliseconds from a moment to the first acknowledged completion after it.</summary>
    private static double? After(List<long> completions, long moment)
    {
        var index = completions.BinarySearch(moment);
        if (index < 0) index = ~index;
        return index < completions.Count ? Stopwatch.GetElapsedTime(moment, completions[index]).TotalMilliseconds : null;
    }
}
