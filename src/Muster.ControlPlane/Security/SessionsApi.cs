using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Security;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Operations.State;

namespace Muster.ControlPlane.Security;

/// <summary>
/// Sessions of people: a link that works once is worth a token of their own scope, for one browser, for a week. What a link
/// is worth lies in the shared state for its short life; when that forgets it, a new one is asked for.
/// </summary>
public static class SessionsApi
{
    private static readonly TimeSpan LinkLife = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan SessionLife = TimeSpan.FromDays(7);

    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(Routes.SignInLinks, CreateLink).WithName("CreateSignInLink").Admit(Access.People);
        routes.MapPost(Routes.Sessions, Create).WithName("CreateSession").Admit(Access.Anyone);
        routes.MapDelete(Routes.Sessions, End).WithName("EndSession").Admit(Access.People);
    }

    private static async Task<Created<SignInLink>> CreateLink(HttpContext http, ISharedState state, TimeProvider time, CancellationToken ct)
    {
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(18));
        await state.SetAsync([KeyValuePair.Create(Key(code), Encoding.UTF8.GetBytes(http.Principal().PersonId))], LinkLife, ct);
        var path = $"/sign-in?code={code}";
        return TypedResults.Created(path, new SignInLink { Code = code, Path = path, ExpiresAt = time.GetUtcNow() + LinkLife });
    }

    private static async Task<Created<TokenCreated>> Create(CreateSession body, ISharedState state, TokenDirectory tokens, CancellationToken ct)
    {
        var created = body.Code is { Length: > 0 and <= 100 } code && await TakeAsync(state, Key(code), ct) is { } person ? await tokens.CreateSessionAsync(person, SessionLife, ct) : null;
        return created is null
            ? throw new Refusal(401, ProblemCodes.Unauthenticated, "This sign-in link was used, is too old, or never was one. `muster open` makes a new one.")
            : TypedResults.Created(Routes.Sessions, created);
    }

    private static async Task<NoContent> End(HttpContext http, TokenDirectory tokens, bool? everywhere, CancellationToken ct)
    {
        var principal = http.Principal();
        if (everywhere == true) await tokens.RevokeSessionsAsync(principal.PersonId, ct);
        else if (principal.SessionOf is not null) await tokens.RevokeAsync(principal.TokenId, ct);
        else throw Refusal.Conflict("This is a token of its own, no session: `muster token revoke` ends it, and everywhere=true ends the sessions made from it.");
        return TypedResults.NoContent();
    }

    /// <summary>Of those who come with the same link at the same time, one has it.</summary>
    private static async Task<string?> TakeAsync(ISharedState state, string key, CancellationToken ct)
    {
        var found = (await state.GetAsync([key], ct))[0];
        if (found is null || !await state.TryLockAsync(key, "used", LinkLife, ct)) return null;
        await state.RemoveAsync(key, ct);
        return Encoding.UTF8.GetString(found);
    }

    // The state may lie on another machine: it has the hash of what the link holds.
    private static string Key(string code) => "sign-in:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(code)));
}
