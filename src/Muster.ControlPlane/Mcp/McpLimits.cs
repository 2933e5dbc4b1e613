namespace Muster.ControlPlane.Mcp;

/// <summary>What keeps callers over MCP from taking all of the plane.</summary>
public sealed record McpLimits
{
    /// <summary>Sessions at once; the one that was silent longest makes room for a new one.</summary>
    public int Sessions { get; init; } = 1000;

    /// <summary>Sessions at once of one token.</summary>
    public int SessionsOfOne { get; init; } = 50;

    /// <summary>Silence after which a session is closed.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Bytes of one message.</summary>
    public long MessageBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Messages of one stream that are kept for a client that comes back.</summary>
    public int KeptMessages { get; init; } = 200;
}
