using Muster.Client.Http;
using Muster.Contracts;
using Muster.Contracts.Security;

namespace Muster.Client;

public sealed partial class MusterClient
{
    /// <summary>Which secrets of servers of tools there are, by name. Owners only.</summary>
    public Task<SecretsInfo> ListSecretsAsync(CancellationToken ct = default) => GetAsync<SecretsInfo>(Routes.Secrets, ct);

    /// <summary>Writes a secret, also in the place of one that is there. Owners only.</summary>
    public Task<SecretInfo> SetSecretAsync(string name, SetSecret body, CallOptions? call = null, CancellationToken ct = default) =>
        PutAsync<SecretInfo>(Query.At(Routes.Secret, name), body, call, ct);

    /// <summary>Takes a secret away. Owners only.</summary>
    public Task DeleteSecretAsync(string name, CallOptions? call = null, CancellationToken ct = default) => DeleteAsync(Query.At(Routes.Secret, name), call, ct);
}
