namespace Muster.Contracts.Delivery;

/// <summary>A change of a role, or a new one, for a person to approve (B6). An agent in the role seed sends the lease of its task with it.</summary>
public sealed record ProposeRole
{
    /// <summary>The whole file: front matter and instructions.</summary>
    public required string Text { get; init; }

    /// <summary>What is wrong with the role as it is, and what the change mends.</summary>
    public required string Why { get; init; }
}
