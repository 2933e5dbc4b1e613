using System.Net;
using Muster.Client;
using Muster.Contracts.Security;

namespace Muster.Dashboard.Tests.Pages;

public sealed class SignInTests(PageHost host) : IClassFixture<PageHost>
{
    [Fact]
    [Trait("req", "C10")]
    public async Task A_link_signs_in_once_and_looking_at_it_does_not_use_it_up()
    {
        var link = await host.Muster.CreateSignInLinkAsync();
        using var browser = new PageHost.Browser(host.Plane.Address);
        Assert.Contains("Continue", await browser.PageAsync(link.Path), StringComparison.Ordinal);
        Assert.Contains("Continue", await browser.PageAsync(link.Path), StringComparison.Ordinal);
        Assert.Empty(browser.Cookies.GetAllCookies());

        using var taken = await browser.PostAsync("/sign-in", new() { ["code"] = link.Code, ["next"] = "/reviews" });
        Assert.Equal((HttpStatusCode.SeeOther, "/reviews"), (taken.StatusCode, taken.Headers.Location?.ToString()));
        Assert.True(browser.Session.HttpOnly);
        Assert.Contains("samesite=lax", taken.Headers.GetValues("Set-Cookie").Single(), StringComparison.OrdinalIgnoreCase);
        await browser.PageAsync("/");

        using var other = new PageHost.Browser(host.Plane.Address);
        using var again = await other.PostAsync("/sign-in", new() { ["code"] = link.Code });
        Assert.Equal(HttpStatusCode.Unauthorized, again.StatusCode);
        Assert.Contains("muster open", await again.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty(other.Cookies.GetAllCookies());
    }

    [Fact]
    public async Task Of_many_who_come_with_one_link_at_once_one_is_signed_in()
    {
        var code = (await host.Muster.CreateSignInLinkAsync()).Code;
        using var nobody = host.Client("");
        var tries = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            try
            {
                return (await nobody.CreateSessionAsync(new CreateSession { Code = code })).Secret;
            }
            catch (MusterException refused) when (refused.StatusCode == 401)
            {
                return null;
            }
        }));
        Assert.Single(tries, secret => secret is not null);
    }

    [Fact]
    public async Task A_token_is_worth_a_session_and_is_not_what_the_browser_keeps()
    {
        using var browser = new PageHost.Browser(host.Plane.Address);
        using var wrong = await browser.PostAsync("/sign-in", new() { ["token"] = "mst_wrong" });
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        using var right = await browser.PostAsync("/sign-in", new() { ["token"] = host.Plane.OwnerToken, ["next"] = "//elsewhere.example/" });
        Assert.Equal("/", right.Headers.Location?.ToString());
        Assert.NotEqual(host.Plane.OwnerToken, browser.Session.Value);
        await browser.PageAsync("/");
    }

    [Fact]
    public async Task Signing_out_ends_this_session_and_signing_out_everywhere_ends_all_of_this_person_alone()
    {
        var person = (await host.Muster.CreateTokenAsync(new CreateToken { Name = "ines", Scope = Scopes.Maintainer })).Secret;
        using var laptop = await host.SignInAsync(person);
        using var phone = await host.SignInAsync(person);
        using var tablet = await host.SignInAsync(person);
        using var owner = await host.SignInAsync();

        var old = laptop.Session.Value;
        using (await laptop.SendAsync("/", "/sign-out")) await RefusedAsync(old);
        await phone.PageAsync("/");

        using (await phone.PostAsync("/sign-out", await FieldsAsync(phone, everywhere: true))) await RefusedAsync(tablet.Session.Value);
        using var away = await tablet.GetAsync("/");
        Assert.Equal((HttpStatusCode.Found, "/sign-in"), (away.StatusCode, away.Headers.Location?.ToString()));
        using var client = host.Client(person);
        Assert.Equal("ines", (await client.WhoAmIAsync()).Name);
        await owner.PageAsync("/");
    }

    [Fact]
    public async Task A_session_ends_with_the_token_it_was_made_from()
    {
        var made = await host.Muster.CreateTokenAsync(new CreateToken { Name = "guest", Scope = Scopes.Viewer });
        using var browser = await host.SignInAsync(made.Secret);
        await host.Muster.RevokeTokenAsync(made.Token.Id);
        await RefusedAsync(browser.Session.Value);
    }

    [Fact]
    public async Task Who_is_not_signed_in_is_sent_to_sign_in_and_back()
    {
        using var nobody = new PageHost.Browser(host.Plane.Address);
        using var answer = await nobody.GetAsync("/reviews?project=X");
        Assert.Equal("/sign-in?next=%2Freviews%3Fproject%3DX", answer.Headers.Location?.ToString());
    }

    private static async Task<Dictionary<string, string>> FieldsAsync(PageHost.Browser browser, bool everywhere)
    {
        var html = await browser.PageAsync("/");
        var at = html.IndexOf("name=\"_token\" value=\"", StringComparison.Ordinal) + "name=\"_token\" value=\"".Length;
        return new() { ["_token"] = html[at..html.IndexOf('"', at)], ["everywhere"] = everywhere ? "true" : "false" };
    }

    private async Task RefusedAsync(string token)
    {
        using var client = host.Client(token);
        Assert.Equal(401, (await Assert.ThrowsAsync<MusterException>(() => client.WhoAmIAsync())).StatusCode);
    }
}
