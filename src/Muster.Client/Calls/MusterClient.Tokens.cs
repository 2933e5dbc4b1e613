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

    /// <summary>Who the plane takes this client for.</summary>
    public Task<WhoAmI> WhoAmIAsync(CancellationToken ct = default) =>
        GetAsync<WhoAmI>(Routes.WhoAmI, ct);
}
