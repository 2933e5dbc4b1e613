using Muster.Contracts.Security;

namespace Muster.ControlPlane.Security;

/// <summary>Which scopes an endpoint admits. An endpoint that says nothing admits nobody.</summary>
public sealed class Access(params string[] scopes)
{
    public IReadOnlyList<string> Scopes { get; } = scopes;
    public bool Public { get; private init; }

    /// <summary>Whether callers on this machine need no token.</summary>
    public bool Loopback { get; private init; }

    /// <summary>Whether a lease is a credential by itself, as <c>Authorization: Bearer</c> or as one of the models' protocols has it (<c>x-api-key</c>, <c>x-goog-api-key</c>). The endpoint checks that it is current.</summary>
    public bool Lease { get; private init; }

    public static Access Anyone { get; } = new() { Public = true };
    public static Access Read { get; } = new(S.Owner, S.Maintainer, S.Viewer, S.Host, S.Agent);
    public static Access ReadOrLoopback { get; } = new([.. Read.Scopes]) { Loopback = true };
    public static Access Steer { get; } = new(S.Owner, S.Maintainer);
    public static Access Own { get; } = new(S.Owner);
    public static Access People { get; } = new(S.Owner, S.Maintainer, S.Viewer);
    public static Access Work { get; } = new(S.Owner, S.Maintainer, S.Agent);
    public static Access HostWork { get; } = new(S.Owner, S.Maintainer, S.Host);
    public static Access Models { get; } = new(S.Owner, S.Maintainer, S.Agent) { Lease = true };
    public static Access Fleet { get; } = new(S.Owner, S.Maintainer, S.Host, S.Agent);

    private static class S
    {
        public const string Owner = Muster.Contracts.Security.Scopes.Owner;
        public const string Maintainer = Muster.Contracts.Security.Scopes.Maintainer;
        public const string Viewer = Muster.Contracts.Security.Scopes.Viewer;
        public const string Host = Muster.Contracts.Security.Scopes.Host;
        public const string Agent = Muster.Contracts.Security.Scopes.Agent;
    }
}

/// <summary>Of an endpoint whose answers go on and on.</summary>
public sealed class Lasting
{
    public static Lasting Answer { get; } = new();
}

public static class AccessExtensions
{
    /// <summary>Says who may call an endpoint or a group of them.</summary>
    public static T Admit<T>(this T builder, Access access) where T : IEndpointConventionBuilder => builder.WithMetadata(access);

    /// <summary>Says that an answer of an endpoint goes on and on: it is cut when its caller's token ends.</summary>
    public static T Lasts<T>(this T builder) where T : IEndpointConventionBuilder => builder.WithMetadata(Lasting.Answer);

    public static Principal Principal(this HttpContext http) =>
        http.Items[typeof(Principal)] as Principal ?? throw new InvalidOperationException("The endpoint was reached without a principal.");
}
