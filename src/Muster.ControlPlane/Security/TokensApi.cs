using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Security;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Security;

public static class TokensApi
{
    public static void MapTokens(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Tokens, (TokenDirectory tokens, CancellationToken ct) => tokens.ListAsync(ct)).WithName("ListTokens").Admit(Access.Own);
        routes.MapPost(Routes.Tokens, Create).WithName("CreateToken").Admit(Access.Own);
        routes.MapDelete(Routes.Token, Revoke).WithName("RevokeToken").Admit(Access.Own);
        routes.MapGet(Routes.WhoAmI, Me).WithName("WhoAmI").Admit(Access.Read);
    }

    private static async Task<Created<TokenCreated>> Create(CreateToken body, Store store, TokenDirectory tokens, Writes writes, CancellationToken ct)
    {
        new Checked().Line(body.Name, "name", 100)
            .Require(Scopes.All.Contains(body.Scope), "scope", $"scope is one of {string.Join(", ", Scopes.All)}.")
            .Require(body.Subject is null || body.Scope is Scopes.Agent or Scopes.Host, "subject", "Only tokens of agents and hosts have a subject.")
            .Require(body.ExpiresInDays is null or (>= 1 and <= 3650), "expiresInDays", "expiresInDays is 1 to 3650.").ThrowIfWrong();
        var subject = body.Subject is null ? null : await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<string>(
            body.Scope == Scopes.Agent ? "SELECT id FROM agents WHERE id = @s OR name = @s" : "SELECT id FROM hosts WHERE id = @s OR name = @s", new { s = body.Subject }), ct)
            ?? throw Refusal.NotFound(body.Scope, body.Subject);
        var created = await tokens.CreateAsync(
            new NewToken(body.Name, body.Scope) { Subject = subject, Life = body.ExpiresInDays is { } days ? TimeSpan.FromDays(days) : null }, writes, body, ct);
        return TypedResults.Created(Routes.With(Routes.Token, created.Token.Id), created);
    }

    private static async Task<NoContent> Revoke(string id, HttpContext http, TokenDirectory tokens, CancellationToken ct)
    {
        if (http.Principal().TokenId == id) throw Refusal.Conflict("This is the token you are using; revoke it with another owner token, so that you are not locked out.");
        if (!await tokens.RevokeAsync(id, ct)) throw Refusal.NotFound("token", id);
        return TypedResults.NoContent();
    }

    private static WhoAmI Me(HttpContext http, Store store)
    {
        var principal = http.Principal();
        return new WhoAmI { Name = principal.Name, Scope = principal.Scope, Subject = principal.Subject, Version = Product.Version, Incarnation = store.Incarnation };
    }
}
