using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Security;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Security;

/// <summary>Sessions of people: a link that works once is worth a token of their own scope, for one browser, for a week.</summary>
public static class SessionsApi
{
    private static readonly TimeSpan SessionLife = TimeSpan.FromDays(7);

    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(Routes.SignInLinks, CreateLink).WithName("CreateSignInLink").Admit(Access.People);
        routes.MapPost(Routes.Sessions, Create).WithName("CreateSession").Admit(Access.Anyone);
        routes.MapDelete(Routes.Sessions, End).WithName("EndSession").Admit(Access.People);
    }

    private static async Task<Created<SignInLink>> CreateLink(HttpContext http, SignInLinks links, CancellationToken ct)
    {
        var link = await links.CreateAsync(http.Principal(), ct);
        return TypedResults.Created(link.Path, link);
    }

    private static async Task<Created<TokenCreated>> Create(CreateSession body, SignInLinks links, TokenDirectory tokens, CancellationToken ct)
    {
        var created = await links.TakeAsync(body.Code, ct) is { } person ? await tokens.CreateSessionAsync(person, SessionLife, ct) : null;
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
}
