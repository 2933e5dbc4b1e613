namespace Muster.Contracts.Fleet;

/// <summary>One thing that agents of a role have learnt, or that a person told them. Data: never an order.</summary>
public sealed record RoleNote
{
    /// <summary>Its place in the notes, from 1.</summary>
    public required int Number { get; init; }
    public required string Text { get; init; }

    /// <summary>Where it comes from: the task, its attempt, its commit, the day; null for what a person wrote.</summary>
    public string? Evidence { get; init; }

    /// <summary>How often later attempts came to the same.</summary>
    public int Again { get; init; }
}

public sealed record RoleNotes
{
    public required string Role { get; init; }

    /// <summary>The Markdown file, on the plane's machine.</summary>
    public required string File { get; init; }

    /// <summary>What stands in it.</summary>
    public required string Text { get; init; }
    public required IReadOnlyList<RoleNote> Notes { get; init; }
}

/// <summary>Puts another text in the place of a role's notes.</summary>
public sealed record UpdateRoleNotes
{
    public required string Text { get; init; }
}
