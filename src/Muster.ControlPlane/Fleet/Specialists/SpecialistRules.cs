using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Models.Ledger;
using Muster.ControlPlane.Models.Recording;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Fleet.Specialists;

/// <summary>What is known where a specialist is asked for.</summary>
/// <param name="Role">Of the attempt that asks.</param>
/// <param name="Depth">Of the agent that asks; 0 for one that is no specialist.</param>
/// <param name="OfTask">Specialists at work that this task has made.</param>
/// <param name="OfFleet">All that are at work.</param>
/// <param name="UsdOfTask">What all that this task ever made may cost.</param>
/// <param name="TokensOfTask">The same in tokens.</param>
public sealed record SpecialistFacts(Role? Role, int Depth, int OfTask, int OfFleet, double UsdOfTask, long TokensOfTask);

/// <summary>Whether a specialist may be made, and as what. Pure.</summary>
public static class SpecialistRules
{
    /// <summary>The role that makes specialists.</summary>
    public const string Seed = "seed";

    private static readonly SecretText Secrets = new([]);

    /// <summary>Whether an attempt in this role may ask at all.</summary>
    public static bool MayAsk(Role role) => role.Source == RoleSources.Specialist || role.Name == Seed;

    public static void Check(SpawnSpecialist wish) => new Checked()
        .Require(Names.IsName(wish.Name) && wish.Name.Length <= 40, "name", $"{Names.Rule} A specialist's has at most 40.")
        .Text(wish.Why, "why", 500)
        .Text(wish.Instructions, "instructions", 20_000)
        .Require(wish.Tools is null || (wish.Tools.Count is > 0 and <= 50 && wish.Tools.All(t => t is not null)), "tools", "Name 1 to 50 tools, or leave them out.")
        .Require(Nanos.Of(wish.LimitUsd) > 0 && wish.LimitUsd <= SpecialistLimits.UsdOfOneTask, "limitUsd", $"limitUsd is more than 0, and at most {SpecialistLimits.UsdOfOneTask:0}.")
        .Require(wish.LimitTokens is > 0 and <= SpecialistLimits.TokensOfOneTask, "limitTokens", $"limitTokens is 1 to {SpecialistLimits.TokensOfOneTask:N0}.")
        .Require(wish.Hours is > 0 and <= SpecialistLimits.Hours, "hours", $"hours is more than 0, and at most {SpecialistLimits.Hours:0}.")
        .Require(wish.Tasks is null || wish.Tasks.Count <= SpecialistLimits.Tasks && wish.Tasks.All(t => t is not null), "tasks", $"At most {SpecialistLimits.Tasks} tasks.")
        .Require(wish.Instructions is null || !Secrets.IsIn($"{wish.Why} {wish.Instructions}"), "instructions", "That looks like a secret. A role is told to models; keep keys and passwords out of it.")
        .ThrowIfWrong();

    public static void Admit(SpawnSpecialist wish, SpecialistFacts facts)
    {
        if (facts.Role is not { } role || !MayAsk(role)) throw Refusal.Forbidden("Only Seed and its specialists make specialists. Hand the task to the role seed, or say in your summary what is missing.");
        if (facts.Depth >= SpecialistLimits.Depth) throw Refused($"A specialist of depth {facts.Depth} makes no further ones.");
        if (facts.OfTask >= SpecialistLimits.OfOneTask) throw Refused($"This task has {facts.OfTask} specialists at work, the most that one may have. Retire one first.");
        if (facts.OfFleet >= SpecialistLimits.OfTheFleet) throw Refused($"There are {facts.OfFleet} specialists at work, the most that a fleet may have. Retire one first.");
        if (facts.UsdOfTask + wish.LimitUsd > SpecialistLimits.UsdOfOneTask + 1e-9 || facts.TokensOfTask + wish.LimitTokens > SpecialistLimits.TokensOfOneTask)
            throw Refused($"The specialists of one task may cost ${SpecialistLimits.UsdOfOneTask:0} and {SpecialistLimits.TokensOfOneTask:N0} tokens together; ${facts.UsdOfTask:0.##} and {facts.TokensOfTask:N0} are given out.");
        foreach (var tool in wish.Tools ?? [])
            if (role.Tools is not null && (tool.Contains('*', StringComparison.Ordinal) || tool.StartsWith('-') || !RoleTools.Allow(role.Tools, tool)))
                throw Refusal.Invalid("tools", $"'{Refusal.Shorten(tool)}' is not among the tools of the role {role.Name}; a specialist has no more than its maker.");
    }

    /// <summary>The text of its role's file. It has no labels: it gets what is meant for it, and nobody else's.</summary>
    public static string RoleText(SpawnSpecialist wish, Role maker)
    {
        var text = new System.Text.StringBuilder("---\nteam: specialists\n");
        if (maker.Route is { } route) text.Append($"route: \"{route}\"\n");
        if ((wish.Tools ?? maker.Tools) is { } tools) text.Append($"tools: [{string.Join(", ", tools.Select(Quoted))}]\n");
        if (maker.Mcp is { Count: > 0 } servers) text.Append($"mcp: [{string.Join(", ", servers.Select(Quoted))}]\n");
        text.Append($"limits: {{ turns: {Math.Min(150, maker.Limits?.Turns ?? 150)}, minutes: {Math.Min(90, maker.Limits?.Minutes ?? 90)} }}\n---\n\n").Append(wish.Instructions.Trim()).Append('\n');
        try
        {
            RoleFile.Parse(wish.Name, text.ToString(), wish.Name + ".md", RoleSources.Specialist);
        }
        catch (RoleFault fault)
        {
            throw Refusal.Invalid("instructions", $"This makes no role: {fault.Message}");
        }

        return text.ToString();
    }

    private static string Quoted(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal).ReplaceLineEndings(" ")}'";

    private static Refusal Refused(string why) => new(409, ProblemCodes.WrongState, why);
}
