using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Muster.Client.Tests.Plane;
using Muster.Contracts;

namespace Muster.Client.Tests.Calls;

/// <summary>Answers read as they stand behave as every other.</summary>
[Trait("req", "B4")]
public sealed class ReadTests
{
    [Fact]
    public async Task What_is_answered_is_read_with_one_question()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Instead = http => WriteAsync(http, 200, """{"items":[1,2],"next":null}""");
        using var muster = plane.Client();

        using var read = await muster.ReadAsync("/api/agents?limit=2", default);

        Assert.Equal("[1,2]", read.RootElement.GetProperty("items").GetRawText());
        Assert.Equal(("?limit=2", "Bearer mst_test"), (Assert.Single(plane.Received).Query, plane.Received[0].Authorization));
    }

    [Fact]
    public async Task A_plane_that_is_busy_or_cuts_off_is_asked_again()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Faults = _ => plane.Received.Count == 1 ? Fault.CutBefore : Fault.None;
        plane.Instead = http => plane.Received.Count < 4 ? WriteAsync(http, 503, "{}") : WriteAsync(http, 200, """{"at":4}""");
        using var muster = plane.Client();

        using var read = await muster.ReadAsync("/api/agents", default);

        Assert.Equal(4, read.RootElement.GetProperty("at").GetInt32());
        Assert.Equal(4, plane.Received.Count);
    }

    [Fact]
    public async Task A_refusal_is_told_as_one()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Instead = http => WriteAsync(http, 403, """{"title":"T","status":403,"detail":"Not yours.","code":"forbidden"}""");
        using var muster = plane.Client();

        var refused = await Assert.ThrowsAsync<MusterException>(() => muster.ReadAsync("/api/agents", default));

        Assert.Equal((403, "forbidden", "Not yours."), (refused.StatusCode, refused.Code, refused.Message));
    }

    [Fact]
    public async Task An_answer_that_is_an_answer_with_this_status_too_is_asked_for_once()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Instead = http => WriteAsync(http, 503, """{"status":"unhealthy"}""");
        using var muster = plane.Client();

        using var read = await muster.ReadAsync(Routes.Health, default, alsoAccept: 503);

        Assert.Equal("unhealthy", read.RootElement.GetProperty("status").GetString());
        Assert.Single(plane.Received);
    }

    [Theory]
    [InlineData("{\"cut")]
    [InlineData("")]
    [InlineData("[\"an answer that is longer than what is taken\"]")]
    public async Task What_cannot_be_used_is_said(string body)
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Instead = http => WriteAsync(http, 200, body);
        using var muster = plane.Client(with: o => o with { MaxAnswerBytes = 20 });

        var unusable = await Assert.ThrowsAsync<MusterException>(() => muster.ReadAsync("/api/agents", default));

        Assert.Equal(ProblemCodes.Internal, unusable.Code);
    }

    [Fact]
    public async Task Who_stops_it_is_obeyed_while_the_plane_is_silent()
    {
        await using var plane = await FakePlane.StartAsync();
        using var stop = new CancellationTokenSource();
        plane.Instead = async http =>
        {
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
            return true;
        };
        using var muster = plane.Client();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Run(() => muster.ReadAsync("/api/agents", stop.Token)));
    }

    private static async Task<bool> WriteAsync(HttpContext http, int status, string body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body));
        return true;
    }
}
