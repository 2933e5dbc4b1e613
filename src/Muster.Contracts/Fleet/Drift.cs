using System.Security.Cryptography;
using System.Text.Json;

namespace Muster.Contracts.Fleet;

/// <summary>What an agent's program runs, as it says itself. Sent with the first heartbeat, and again when it changes.</summary>
public sealed record AgentRuns
{
    /// <summary>Another one for each start of the program.</summary>
    public string? Process { get; init; }

    /// <summary>Route or model that it asks for; null where it names none.</summary>
    public string? Model { get; init; }

    /// <summary>Version of its program.</summary>
    public string? Version { get; init; }

    /// <summary>The settings it was started with, as <see cref="AgentSettings.Hash"/>; null where it does not know them.</summary>
    public string? Settings { get; init; }

    /// <summary>Role of the task in hand; null while it holds none.</summary>
    public string? Role { get; init; }

    /// <summary>Hash of that role as it was given with the task.</summary>
    public string? RoleHash { get; init; }
}

/// <summary>How an agent differs from what is declared (D11).</summary>
public sealed record AgentDrift
{
    public required DateTimeOffset Since { get; init; }
    public required IReadOnlyList<DriftItem> Items { get; init; }

    /// <summary>Restarts that did not cure it.</summary>
    public required int Restarts { get; init; }

    /// <summary>Whether it is started anew once it holds no task.</summary>
    public required bool Restarting { get; init; }
}

/// <summary>One thing in which an agent differs.</summary>
/// <param name="What"><c>model</c>, <c>settings</c>, <c>version</c> or <c>role</c>.</param>
/// <param name="Declared">How it should be.</param>
/// <param name="Runs">How it is.</param>
public sealed record DriftItem(string What, string Declared, string Runs);

public static class DriftKinds
{
    public const string Model = "model";
    public const string Settings = "settings";
    public const string Version = "version";

    /// <summary>The role's text is another by now; the next task brings it.</summary>
    public const string Role = "role";
}

/// <summary>How an agent is set up, in a word.</summary>
public static class AgentSettings
{
    /// <summary>The same on the plane and in a program that was started with these settings.</summary>
    public static string Hash(AgentInfo agent) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
        new { agent.Role, agent.Labels, agent.Capacity, agent.Definition }, Wire.Json)))[..16];
}
