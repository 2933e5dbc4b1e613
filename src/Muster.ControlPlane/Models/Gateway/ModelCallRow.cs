using System.Text.Json;
using Muster.Contracts;
using Muster.ControlPlane.Models.Budgets;

namespace Muster.ControlPlane.Models.Gateway;

/// <summary>A row of <c>model_calls</c>: a call that was admitted and has not ended.</summary>
public sealed record ModelCallRow
{
    public string Id { get; init; } = "";
    public string PlaneId { get; init; } = "";
    public string Route { get; init; } = "";
    public string? TaskId { get; init; }
    public string? AssignmentId { get; init; }
    public string? AgentId { get; init; }
    public string? ProjectId { get; init; }
    public string? Role { get; init; }
    public long Nanos { get; init; }
    public long Tokens { get; init; }
    public string Holds { get; init; } = "[]";
    public long At { get; init; }

    public IReadOnlyList<Hold> HoldList => JsonSerializer.Deserialize<Hold[]>(Holds, Wire.Json)!;

    public Amount Held => new(Nanos, Tokens);
}
