using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Security;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Tokens, without their secrets.</summary>
    public Task<IReadOnlyList<TokenInfo>> ListTokensAsync(CancellationToken ct = default) =>
        GetAsync<IReadOnlyList<TokenInfo>>(Routes.Tokens, ct);

    /// <summary>Makes a token; its secret is shown this once.</summary>
    public Task<TokenCreated> CreateTokenAsync(CreateToken body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<TokenCreated>(Routes.Tokens, body, call, ct);

    /// <summary>Makes a token worthless at once.</summary>
    public Task RevokeTokenAsync(string id, CallOptions? call = null, CancellationToken ct = default) =>
        DeleteAsync(Query.At(Routes.Token, id), call, ct);

    /// <summary>Makes a link with which the person of this client's token signs in elsewhere, once.</summary>
    public Task<SignInLink> CreateSignInLinkAsync(CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<SignInLink>(Routes.SignInLinks, null, call, ct);

    /// <summary>Signs in with the code of a link; needs no token. The answer holds that of the session.</summary>
    public Task<TokenCreated> CreateSessionAsync(CreateSession body, CallOptions? call = null, CancellationToken ct = default) =>
        PostAsync<TokenCreated>(Routes.Sessions, body, call, ct);

    /// <summary>Ends the session that this client's token is, or with <paramref name="everywhere"/> every session of its person.</summary>
    public Task EndSessionAsync(bool everywhere = false, CallOptions? call = null, CancellationToken ct = default) =>
        DeleteAsync(new Query(Routes.Sessions).Add("everywhere", everywhere ? true : (bool?)null).ToString(), call, ct);

    /// <summary>Who the plane takes this client for.</summary>
    public Task<WhoAmI> WhoAmIAsync(CancellationToken ct = default) =>
        GetAsync<WhoAmI>(Routes.WhoAmI, ct);
}
