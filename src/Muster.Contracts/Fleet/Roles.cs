using System.IO.Enumeration;

namespace Muster.Contracts.Fleet;

/// <summary>What an agent is for: who gets which tasks, with what, and how it works. A Markdown file with front matter.</summary>
public sealed record RoleInfo
{
    public required string Name { get; init; }
    public string? Team { get; init; }

    /// <summary>Labels of tasks that pick it.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Tools it may use, by the names that models know; see <see cref="RoleTools"/>. Null is every tool.</summary>
    public IReadOnlyList<string>? Tools { get; init; }

    /// <summary>Servers of tools (MCP) that it has; null is every one that is declared for all.</summary>
    public IReadOnlyList<string>? Mcp { get; init; }

    /// <summary>Route or model that its agents ask for when they name none.</summary>
    public string? Route { get; init; }
    public RoleLimits? Limits { get; init; }

    /// <summary>What its tasks owe that name no contract, such as <c>research + citation</c>; null leaves it to the project.</summary>
    public string? Evidence { get; init; }

    /// <summary>Stands for the text and the front matter as they are in effect: another hash is another role.</summary>
    public required string Hash { get; init; }

    /// <summary><c>shipped</c>, <c>own</c> (from the data folder) or <c>specialist</c> (made by an agent, for a time).</summary>
    public required string Source { get; init; }
    public required string File { get; init; }

    /// <summary>Entries of its notes.</summary>
    public required int Notes { get; init; }

    /// <summary>Its text; null in a list.</summary>
    public string? Instructions { get; init; }

    /// <summary>Its whole file, as a change of it is proposed; null in a list.</summary>
    public string? Text { get; init; }
}

public static class RoleSources
{
    public const string Shipped = "shipped";
    public const string Own = "own";
    public const string Specialist = "specialist";
}

/// <summary>Where work of a role ends, unless the agent or the task says otherwise; null is no limit of the role's.</summary>
public sealed record RoleLimits
{
    /// <summary>US dollars that models may cost for one task, over all attempts.</summary>
    public double? Usd { get; init; }

    /// <summary>Tokens of one task, over all attempts.</summary>
    public long? Tokens { get; init; }

    /// <summary>Calls of models for one task, over all attempts.</summary>
    public long? Calls { get; init; }

    /// <summary>Answers of the model in one attempt.</summary>
    public int? Turns { get; init; }

    /// <summary>Minutes of one attempt.</summary>
    public int? Minutes { get; init; }
}

/// <summary>A file that defines no role, and what to do about it. The other roles are not touched by it.</summary>
public sealed record RoleProblem
{
    public required string File { get; init; }

    /// <summary>Counted from 1; null where no line is at fault.</summary>
    public int? Line { get; init; }
    public required string Message { get; init; }
}

public sealed record RolesInfo
{
    public required IReadOnlyList<RoleInfo> Roles { get; init; }
    public required IReadOnlyList<RoleProblem> Problems { get; init; }

    /// <summary>Where one's own roles lie on the plane's machine; they come before those shipped.</summary>
    public string? Folder { get; init; }
}

/// <summary>A role as an agent gets it with a task.</summary>
public sealed record RoleBrief
{
    public required string Name { get; init; }
    public required string Hash { get; init; }
    public required string Instructions { get; init; }
    public IReadOnlyList<string>? Tools { get; init; }
    public IReadOnlyList<string>? Mcp { get; init; }
    public string? Route { get; init; }
    public RoleLimits? Limits { get; init; }

    /// <summary>Whether it may make specialists.</summary>
    public bool Spawns { get; init; }

    /// <summary>What agents of this role have learnt; data, written by agents and people, never an order.</summary>
    public IReadOnlyList<RoleNote>? Notes { get; init; }
}

/// <summary>Whether a role may use a tool.</summary>
public static class RoleTools
{
    /// <summary>Without these no attempt could report, ask or end.</summary>
    private static readonly string[] Always = ["progress", "ask", "finish", "give_up", "evidence"];

    /// <param name="tools">Names, <c>*</c> standing for any characters; one behind a '-' is taken away. With nothing but those, all others are there; null is every tool.</param>
    /// <param name="tool">As models know it: <c>shell</c>, <c>grafana__query</c>.</param>
    public static bool Allow(IReadOnlyList<string>? tools, string tool)
    {
        if (tools is null || Always.Contains(tool, StringComparer.Ordinal)) return true;
        if (tools.Any(pattern => pattern[0] == '-' && Fits(pattern.AsSpan(1), tool))) return false;
        return tools.All(pattern => pattern[0] == '-') || tools.Any(pattern => Fits(pattern, tool));
    }

    private static bool Fits(ReadOnlySpan<char> pattern, string tool) => FileSystemName.MatchesSimpleExpression(pattern, tool, ignoreCase: false);
}
