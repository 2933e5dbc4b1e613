using Muster.Contracts.Security;

namespace Muster.ControlPlane.Security;

/// <summary>Who a request comes from. <see cref="Subject"/> is the agent or host a token is bound to.</summary>
public sealed record Principal(string TokenId, string Name, string Scope, string? Subject)
{
    /// <summary>For a session: id of the token that it was made from.</summary>
    public string? SessionOf { get; init; }

    /// <summary>Until when its token is valid; null for ever.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Id of the person's own token, from whichever of their browsers they come.</summary>
    public string PersonId => SessionOf ?? TokenId;

    public bool MaySteer => Scope is Scopes.Owner or Scopes.Maintainer;
}
