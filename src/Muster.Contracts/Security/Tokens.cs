namespace Muster.Contracts.Security;

/// <summary>What a token may do.</summary>
public static class Scopes
{
    /// <summary>Everything, tokens included.</summary>
    public const string Owner = "owner";

    /// <summary>Plan, decide, steer agents; not tokens.</summary>
    public const string Maintainer = "maintainer";

    /// <summary>Read.</summary>
    public const string Viewer = "viewer";

    /// <summary>A host daemon: its heartbeat, its jobs, tokens for its own agents.</summary>
    public const string Host = "host";

    /// <summary>An agent: its heartbeat, claims, and its own assignments.</summary>
    public const string Agent = "agent";

    public static IReadOnlyList<string> All { get; } = [Owner, Maintainer, Viewer, Host, Agent];
}

public sealed record TokenInfo
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    public required string Scope { get; init; }

    /// <summary>The agent or host it is bound to, when it is.</summary>
    public string? Subject { get; init; }

    /// <summary>For a session: id of the token it was made from. It may do what that one may, and ends with it.</summary>
    public string? SessionOf { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
}

public sealed record CreateToken
{
    public required string Name { get; init; }
    public required string Scope { get; init; }
    public string? Subject { get; init; }
    public int? ExpiresInDays { get; init; }
}

/// <summary>The only time the secret itself is shown.</summary>
public sealed record TokenCreated
{
    public required TokenInfo Token { get; init; }
    public required string Secret { get; init; }
}

public sealed record WhoAmI
{
    public required string Name { get; init; }
    public required string Scope { get; init; }
    public string? Subject { get; init; }
    public required string Version { get; init; }
    public required string Incarnation { get; init; }
}

/// <summary>A way for the person who asked for it to sign in elsewhere, once.</summary>
public sealed record SignInLink
{
    /// <summary>Secret; worth a session until it is used or its time is over.</summary>
    public required string Code { get; init; }

    /// <summary>Where a browser takes it, relative to the plane's address.</summary>
    public required string Path { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>Signs in with what a <see cref="SignInLink"/> holds.</summary>
public sealed record CreateSession
{
    public string? Code { get; init; }
}
