using System.Net;
using Muster.Contracts;
using Muster.Contracts.Security;

namespace Muster.ControlPlane.Tests.Security;

/// <summary>A request for a token that is sent again makes no second one (B9): the secret that nobody may have received is void.</summary>
[Trait("req", "B9")]
public sealed class TokenTests
{
    [Fact]
    public async Task A_token_asked_for_twice_is_one_and_only_its_last_secret_counts()
    {
        await using var plane = await TestPlane.StartAsync();
        var wanted = new CreateToken { Name = "eve", Scope = Scopes.Viewer };

        var first = await plane.PostAsync<TokenCreated>(Routes.Tokens, wanted, key: "once");
        Assert.Equal(HttpStatusCode.OK, await AskAsync(plane, first));
        var again = await plane.PostAsync<TokenCreated>(Routes.Tokens, wanted, key: "once");

        Assert.Equal(first.Token.Id, again.Token.Id);
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await AskAsync(plane, first), await AskAsync(plane, again)));
        Assert.Single((await plane.GetAsync<List<TokenInfo>>(Routes.Tokens)), token => token.Name == "eve");
        Assert.Equal(ProblemCodes.IdempotencyMismatch, (await plane.RefusedAsync(HttpMethod.Post, Routes.Tokens, wanted with { Name = "mallory" }, key: "once")).Code);
    }

    [Fact]
    public async Task One_that_was_revoked_since_does_not_come_back()
    {
        await using var plane = await TestPlane.StartAsync();
        var wanted = new CreateToken { Name = "eve", Scope = Scopes.Viewer };
        var token = await plane.PostAsync<TokenCreated>(Routes.Tokens, wanted, key: "once");
        await plane.RawAsync(HttpMethod.Delete, Routes.With(Routes.Token, token.Token.Id));

        Assert.Equal(ProblemCodes.Conflict, (await plane.RefusedAsync(HttpMethod.Post, Routes.Tokens, wanted, key: "once")).Code);

        Assert.DoesNotContain(await plane.GetAsync<List<TokenInfo>>(Routes.Tokens), t => t.Name == "eve");
    }

    [Fact]
    public async Task An_agent_has_one_token_however_often_it_is_asked_for()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.BeatAsync("ada");
        var path = Routes.With(Routes.AgentToken, "ada");

        var former = await plane.PostAsync<TokenCreated>(path, key: "first");
        var lost = await plane.PostAsync<TokenCreated>(path, key: "second");
        var now = await plane.PostAsync<TokenCreated>(path, key: "second");

        Assert.Equal(lost.Token.Id, now.Token.Id);
        Assert.Equal(
            (HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized, HttpStatusCode.OK),
            (await AskAsync(plane, former), await AskAsync(plane, lost), await AskAsync(plane, now)));
        // The process before, which asks again for what it was not answered, does not end its successor's.
        await plane.RefusedAsync(HttpMethod.Post, path, key: "first");
        Assert.Equal(HttpStatusCode.OK, await AskAsync(plane, now));
    }

    private static async Task<HttpStatusCode> AskAsync(TestPlane plane, TokenCreated token)
    {
        using var client = plane.Client(token.Secret);
        using var answer = await plane.RawAsync(HttpMethod.Get, Routes.WhoAmI, client: client);
        return answer.StatusCode;
    }
}
