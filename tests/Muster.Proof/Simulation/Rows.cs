using Dapper;
using Muster.ControlPlane.Storage;

namespace Muster.Proof.Simulation;

/// <summary>The tasks as they stand in the store, for the oracle to compare before and after.</summary>
internal sealed record Row
{
    public string Id { get; init; } = "";
    public int Number { get; init; }
    public string Status { get; init; } = "";
    public int Epoch { get; init; }
    public string? AssignmentId { get; init; }
    public string? AgentId { get; init; }
    public string? AvoidAgentId { get; init; }
    public int OpenDependencies { get; init; }
    public bool Ready { get; init; }
    public int Priority { get; init; }
    public long? NotBefore { get; init; }

    public static async Task<IReadOnlyDictionary<string, Row>> ReadAsync(Store store)
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        var rows = await store.ReadAsync(c => c.QueryAsync<Row>("SELECT id, number, status, epoch, assignment_id, agent_id, avoid_agent_id, open_dependencies, ready, priority, not_before FROM tasks"));
        return rows.ToDictionary(r => r.Id, StringComparer.Ordinal);
    }
}
