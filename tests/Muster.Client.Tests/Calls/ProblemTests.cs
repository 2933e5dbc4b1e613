using System.Text;
using Microsoft.AspNetCore.Http;
using Muster.Client.Tests.Plane;
using Muster.Contracts;

namespace Muster.Client.Tests.Calls;

[Trait("req", "B4")]
public sealed class ProblemTests
{
    [Fact]
    public async Task A_problem_is_told_with_its_code_its_fields_and_the_status_of_the_answer()
    {
        var e = await RefusedAsync(
            422,
            "application/problem+json",
            """{"title":"T","status":200,"detail":"Say a title.","code":"invalid","errors":{"title":["is empty"]}}""");

        Assert.Equal((422, "invalid", "Say a title."), (e.StatusCode, e.Code, e.Message));
        Assert.Equal(["is empty"], e.Problem.Errors!["title"]);
    }

    [Fact]
    public async Task A_lost_lease_has_an_exception_of_its_own() =>
        Assert.IsType<LeaseLostException>(await RefusedAsync(409, "application/problem+json", """{"title":"T","status":409,"code":"lease_lost"}"""));

    [Theory]
    [InlineData("text/html", "<html>\u001b[31mBad\u0007 gateway</html>")]
    [InlineData("application/json", "{\"title\": \"cut o")]
    [InlineData("application/problem+json", "[1,2,3]")]
    [InlineData("application/problem+json", "null")]
    [InlineData("application/json", "{\"status\":\"five hundred\"}")]
    [InlineData(null, "")]
    public async Task A_body_that_is_no_problem_still_gives_one(string? type, string body)
    {
        var e = await RefusedAsync(502, type, body);

        Assert.Equal((502, ProblemCodes.Unavailable), (e.StatusCode, e.Code));
        Assert.Contains("502", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(e.Message, char.IsControl);
    }

    [Fact]
    public async Task Json_nested_without_end_gives_a_problem() =>
        Assert.Equal(500, (await RefusedAsync(500, "application/json", new string('[', 60_000))).StatusCode);

    [Fact]
    public async Task An_error_body_without_end_is_read_to_a_bound()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Instead = http => EndlessAsync(http, 500);
        using var muster = plane.Client(with: o => o with { MaxRetries = 0 });

        var e = await Assert.ThrowsAsync<MusterException>(() => muster.WhoAmIAsync());

        Assert.Equal(500, e.StatusCode);
        Assert.InRange(e.Message.Length, 1, 500);
    }

    [Fact]
    public async Task An_answer_without_end_is_read_to_a_bound()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Instead = http => EndlessAsync(http, 200);
        using var muster = plane.Client(with: o => o with { MaxAnswerBytes = 100_000 });

        var e = await Assert.ThrowsAsync<MusterException>(() => muster.WhoAmIAsync());

        Assert.Contains("100000 bytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_of_something_else_is_told_as_such()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Instead = http => WriteAsync(http, 200, "text/html", "<html>Welcome</html>");
        using var muster = plane.Client();

        Assert.Contains("Muster plane", (await Assert.ThrowsAsync<MusterException>(() => muster.WhoAmIAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_does_not_get_the_token()
    {
        await using var thief = await FakePlane.StartAsync();
        await using var plane = await FakePlane.StartAsync();
        plane.Instead = http =>
        {
            http.Response.Redirect(thief.Address + "api/whoami");
            return Task.FromResult(true);
        };
        using var muster = plane.Client();

        var e = await Assert.ThrowsAsync<MusterException>(() => muster.WhoAmIAsync());

        Assert.Contains("redirect", e.Message, StringComparison.Ordinal);
        Assert.Empty(thief.Received);
    }

    [Fact]
    public async Task An_unhealthy_plane_answers_its_health_too()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Instead = http => WriteAsync(http, 503, "application/json", """{"status":"unhealthy","version":"1","parts":[]}""");
        using var muster = plane.Client();

        Assert.Equal("unhealthy", (await muster.GetHealthAsync()).Status);
        Assert.Single(plane.Received);
    }

    private static async Task<MusterException> RefusedAsync(int status, string? type, string body)
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Instead = http => WriteAsync(http, status, type, body);
        using var muster = plane.Client(with: o => o with { MaxRetries = 0 });
        return await Assert.ThrowsAnyAsync<MusterException>(() => muster.WhoAmIAsync());
    }

    private static async Task<bool> WriteAsync(HttpContext http, int status, string? type, string body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body));
        return true;
    }

    /// <summary>Sends far more than any bound and then never ends: who reads to the end waits for ever.</summary>
    private static async Task<bool> EndlessAsync(HttpContext http, int status)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/problem+json";
        try
        {
            await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(new string('x', 4 * 1024 * 1024)), http.RequestAborted);
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The client has hung up, as it should.
        }
        return true;
    }
}
