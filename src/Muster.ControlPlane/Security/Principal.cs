using Muster.Contracts.Security;

namespace Muster.ControlPlane.Security;

/// <summary>Who a request comes from. <see cref="Subject"/> is the agent or host a token is bound to.</summary>
public sealed record Principal(string TokenId, string Name, string Scope, string? Subject)
{
    public bool MaySteer => Scope is Scopes.Owner or Scopes.Maintainer;
}
