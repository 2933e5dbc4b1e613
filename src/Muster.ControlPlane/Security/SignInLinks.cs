using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Muster.Contracts.Security;
using Muster.ControlPlane.Operations.State;

namespace Muster.ControlPlane.Security;

/// <summary>
/// Links that sign one browser in, once. What a link is worth lies in the shared state for its short life; when that forgets
/// it, a new one is asked for.
/// </summary>
public sealed class SignInLinks(ISharedState state, TimeProvider time)
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(15);

    public async Task<SignInLink> CreateAsync(Principal person, CancellationToken ct)
    {
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(18));
        await state.SetAsync([KeyValuePair.Create(Key(code), Encoding.UTF8.GetBytes(person.PersonId))], Life, ct);
        return new SignInLink { Code = code, Path = $"/sign-in?code={code}", ExpiresAt = time.GetUtcNow() + Life };
    }

    /// <summary>Whose link it was; null when it is none, or no more. Of those who come with the same one at the same time, one has it.</summary>
    public async Task<string?> TakeAsync(string? code, CancellationToken ct)
    {
        if (code is not { Length: > 0 and <= 100 }) return null;
        var key = Key(code);
        var found = (await state.GetAsync([key], ct))[0];
        if (found is null || !await state.TryLockAsync(key, "used", Life, ct)) return null;
        await state.RemoveAsync(key, ct);
        return Encoding.UTF8.GetString(found);
    }

    // The state may lie on another machine: it has the hash of what the link holds.
    private static string Key(string code) => "sign-in:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(code)));
}
