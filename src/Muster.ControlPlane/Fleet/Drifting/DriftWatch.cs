using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Fleet.Drifting;

/// <summary>Looks at each heartbeat whether its agent runs what is declared (D11). One in which nothing changed costs two comparisons.</summary>
public sealed class DriftWatch(RoleCatalog roles, IOptions<FleetOptions> options, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Seen> _seen = new(StringComparer.Ordinal);

    /// <summary>Whether the store has to be told something.</summary>
    public bool HasNews(AgentRow row, AgentRuns? said)
    {
        var version = roles.Version;
        if (_seen.TryGetValue(row.Id, out var seen) && ReferenceEquals(seen.Row, row) && ReferenceEquals(seen.Roles, version) && (said is null || said == seen.Runs)) return false;
        var runs = said ?? row.ReadRuns();
        var news = runs != row.ReadRuns() || !Equals(JudgeOf(row, runs, time.GetUtcNow().ToUnixTimeMilliseconds()), row.ReadDrift());
        if (!news) _seen[row.Id] = new Seen(row, version, runs);
        return news;
    }

    /// <summary>The row with what the agent says that it runs, and what follows; the events are written with it.</summary>
    public AgentRow Apply(StoreTransaction tx, AgentRow row, AgentRuns? said)
    {
        var runs = said ?? row.ReadRuns();
        var (before, now) = (row.ReadDrift(), JudgeOf(row, runs, tx.Now));
        if (!Equals(before, now)) Tell(tx, row, before, now);
        return row with { Runs = Write(runs), Drift = Write(now) };
    }

    public bool CallsForRestart(AgentRow row) => row.Drift is not null && Drift.CallsForRestart(row.ReadDrift(), row, options.Value.Drift);

    /// <summary>What people are shown; null where all is as declared.</summary>
    public AgentDrift? Show(AgentRow row) => row.ReadDrift() is not { IsOpen: true } open ? null : new AgentDrift
    {
        Since = Times.At(open.Since),
        Items = open.Items,
        Restarts = open.Restarts,
        Restarting = Drift.CallsForRestart(open, row, options.Value.Drift),
    };

    private DriftState? JudgeOf(AgentRow row, AgentRuns? runs, long now) =>
        Drift.Judge(row.ReadDrift(), Drift.Compare(row, runs, roles.Find(row.Role), roles.IsTriedOut(runs?.RoleHash) ? null : roles.Find(runs?.Role)), runs, Drift.DeclaredOf(row), now);

    private void Tell(StoreTransaction tx, AgentRow row, DriftState? before, DriftState? now)
    {
        if (now is { IsOpen: true } && (before is null or { IsOpen: false } || !before.Items.SequenceEqual(now.Items) || before.Restarts != now.Restarts))
        {
            var what = string.Join("; ", now.Items.Select(i => $"{i.What} is {Short(i.Runs)}, {Short(i.Declared)} is declared"));
            var then = Drift.CallsForRestart(now, row, options.Value.Drift) ? "it is started anew between two tasks"
                : now.Items.All(i => i.What == DriftKinds.Role) ? "its next task brings it up to date"
                : now.Restarts >= Drift.MostRestarts ? $"{now.Restarts} restarts did not cure it, so it stays until a person looks"
                : "nothing is done about it by itself";
            tx.Emit(EventTypes.AgentDrifted, $"Agent {row.Name} drifts: {what}; {then}", agentId: row.Id, data: new { name = row.Name, items = now.Items, restarts = now.Restarts });
        }
        else if (before is { IsOpen: true } && now is not { IsOpen: true })
        {
            tx.Emit(EventTypes.AgentDriftEnded, $"Agent {row.Name} runs what is declared again", agentId: row.Id, data: new { name = row.Name, restarts = before.Restarts });
        }
    }

    private static string Short(string text) => text.Length == 64 ? text[..12] : text;

    private static string? Write<T>(T? value) where T : class => value is null ? null : JsonSerializer.Serialize(value, Wire.Json);

    private sealed record Seen(AgentRow Row, object Roles, AgentRuns? Runs);
}
