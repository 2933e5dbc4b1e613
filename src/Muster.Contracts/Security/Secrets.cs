namespace Muster.Contracts.Security;

/// <summary>Secrets of servers of tools, by name. What they are is never told again.</summary>
public sealed record SecretsInfo
{
    /// <summary>Where they lie, on the machine of the plane that answers. A host beside it reads them there; others have their own.</summary>
    public required string Folder { get; init; }
    public required IReadOnlyList<SecretInfo> Secrets { get; init; }
}

public sealed record SecretInfo
{
    public required string Name { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

public sealed record SetSecret
{
    public required string Value { get; init; }
}
