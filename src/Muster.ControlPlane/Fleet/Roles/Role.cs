using System.Security.Cryptography;
using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Delivery;

namespace Muster.ControlPlane.Fleet.Roles;

/// <summary>What an agent is for (A1), as its file says.</summary>
public sealed record Role
{
    public required string Name { get; init; }
    public string? Team { get; init; }
    public IReadOnlyList<string> Labels { get; init; } = [];
    public IReadOnlyList<string>? Tools { get; init; }
    public IReadOnlyList<string>? Mcp { get; init; }
    public string? Route { get; init; }
    public RoleLimits? Limits { get; init; }
    public Contract? Evidence { get; init; }
    public required string Instructions { get; init; }
    public required string Source { get; init; }
    public required string File { get; init; }

    public string Hash { get; init; } = "";

    /// <summary>The same for the same text and settings, however they are ordered, spaced or commented in the file.</summary>
    public Role WithHash() => this with
    {
        Hash = Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
            new { Name, Team, Labels, Tools, Mcp, Route, Limits, Evidence = Evidence?.ToString(), Instructions }, Wire.Json))),
    };

    /// <summary>Whether work has limits that the ledger keeps.</summary>
    public bool LimitsModels => Limits is { Usd: not null } or { Tokens: not null } or { Calls: not null };

    /// <summary>
    /// What a task owes that names nothing: what its role owes. About code the project knows better: where both ask for git, its own
    /// terms hold, and where it has no repository, nothing of git is asked.
    /// </summary>
    /// <param name="role">Whose task it is.</param>
    /// <param name="project">The project's contract.</param>
    /// <param name="hasGit">Whether it has a repository.</param>
    public static string ContractFor(Role? role, string project, bool hasGit)
    {
        if (role?.Evidence is not { } owed) return project;
        var (fromProject, _) = Contract.Parse(project);
        var other = owed.Items.Where(i => !IsGit(i)).ToList();
        IReadOnlyList<ContractItem> items = !hasGit ? other
            : owed.AsksForGit && fromProject is { Items.Count: > 0 } ? [.. fromProject.Items, .. other.Where(i => !fromProject.Asks(i.Kind))]
            : owed.Items;
        return items.Count == 0 ? project : new Contract(items).ToString();
    }

    public RoleInfo ToInfo(int notes, bool whole) => new()
    {
        Name = Name,
        Team = Team,
        Labels = Labels,
        Tools = Tools,
        Mcp = Mcp,
        Route = Route,
        Limits = Limits,
        Evidence = Evidence?.ToString(),
        Hash = Hash,
        Source = Source,
        File = File,
        Notes = notes,
        Instructions = whole ? Instructions : null,
    };

    public RoleBrief ToBrief(IReadOnlyList<RoleNote> notes) => new()
    {
        Name = Name,
        Hash = Hash,
        Instructions = Instructions,
        Tools = Tools,
        Mcp = Mcp,
        Route = Route,
        Limits = Limits,
        Notes = notes.Count == 0 ? null : notes,
    };

    private static bool IsGit(ContractItem item) => new Contract([item]).AsksForGit;
}
