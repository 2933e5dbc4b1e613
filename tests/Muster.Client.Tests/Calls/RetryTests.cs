using Microsoft.AspNetCore.Http;
using Muster.Client.Tests.Plane;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Work;

namespace Muster.Client.Tests.Calls;

[Trait("req", "B4")]
public sealed class RetryTests
{
    private static readonly CreateTask Wanted = new() { Project = "T", Title = "one" };

    [Fact]
    public async Task A_post_whose_answer_was_cut_off_is_sent_again_under_the_same_key_and_counts_once()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Faults = _ => plane.Received.Count < 3 ? Fault.CutAfter : Fault.None;
        using var muster = plane.Client();

        var created = await muster.CreateTaskAsync(Wanted);

        Assert.Equal(created, Assert.Single(plane.State.Created), (a, b) => a!.Id == b!.Id);
        Assert.Equal(3, plane.Received.Count);
        Assert.Single(plane.Received.Select(r => r.Key).Distinct());
        Assert.NotNull(plane.Received[0].Key);
    }

    [Fact]
    public async Task A_message_whose_answer_was_cut_off_is_not_said_again()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Faults = _ => Fault.CutAfter;
        using var muster = plane.Client();

        await Assert.ThrowsAsync<PlaneUnreachableException>(() => muster.PublishMessageAsync(new PublishMessage { Subject = "agents.T.begun" }));
        await Assert.ThrowsAsync<PlaneUnreachableException>(() => muster.PublishMessageAsync(new PublishMessage { Subject = "agents.T.begun" }, CallOptions.ForLease("mls_x")));

        Assert.Equal(2, plane.Received.Count);
    }

    [Fact]
    public async Task Two_calls_have_two_keys_and_a_callers_own_key_is_used()
    {
        await using var plane = await FakePlane.StartAsync();
        using var muster = plane.Client();

        await muster.CreateTaskAsync(Wanted);
        await muster.CreateTaskAsync(Wanted);
        await muster.CreateTaskAsync(Wanted, new CallOptions { IdempotencyKey = "mine", Lease = "mls_x" });

        Assert.Equal(3, plane.Received.Select(r => r.Key).Distinct().Count());
        Assert.Equal(("mine", "mls_x"), (plane.Received[2].Key, plane.Received[2].Lease));
        Assert.All(plane.Received, r => Assert.Equal("Bearer mst_test", r.Authorization));
    }

    [Fact]
    public async Task Retries_are_bounded_and_end_by_naming_the_address()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Down = true;
        using var muster = plane.Client(with: o => o with { MaxRetries = 2 });

        var e = await Assert.ThrowsAsync<PlaneUnreachableException>(() => muster.GetTaskAsync("T-1"));

        Assert.Contains(plane.Address.Authority, e.Message, StringComparison.Ordinal);
        // The socket handler itself repeats a GET once on a connection that was kept open; three tries at least, and an end.
        Assert.InRange(plane.Received.Count, 3, 6);
    }

    [Fact]
    public async Task Nobody_listening_is_told_as_unreachable()
    {
        using var muster = new MusterClient(new MusterClientOptions { Server = new Uri("http://user:secret@127.0.0.1:1"), MaxRetries = 0 });

        var e = await Assert.ThrowsAsync<PlaneUnreachableException>(() => muster.WhoAmIAsync());

        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Retry_After_is_the_least_that_is_waited()
    {
        await using var plane = await FakePlane.StartAsync();
        var clock = new TestClock();
        plane.Instead = http =>
        {
            if (plane.Received.Count > 1)
                return Task.FromResult(false);
            http.Response.StatusCode = 503;
            http.Response.Headers.RetryAfter = "7";
            return Task.FromResult(true);
        };
        using var muster = plane.Client(clock);

        var call = muster.CreateTaskAsync(Wanted);
        await plane.UntilAsync(p => p.Received.Count == 1);
        await using (clock.Flow())
            await call;

        Assert.InRange(clock.Elapsed.TotalSeconds, 7, 60);
        Assert.Equal(2, plane.Received.Count);
    }

    [Fact]
    public async Task A_refusal_is_not_sent_again()
    {
        await using var plane = await FakePlane.StartAsync();
        using var muster = plane.Client();

        var e = await Assert.ThrowsAsync<MusterException>(() => muster.GetTaskAsync("T-9"));

        Assert.Equal((404, ProblemCodes.NotFound), (e.StatusCode, e.Code));
        Assert.Single(plane.Received);
    }

    [Fact]
    public async Task A_call_without_an_answer_ends_after_its_time()
    {
        await using var plane = await FakePlane.StartAsync();
        var clock = new TestClock();
        plane.Instead = async http =>
        {
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { });
            return true;
        };
        using var muster = plane.Client(clock, o => o with { MaxRetries = 0, Timeout = TimeSpan.FromSeconds(30) });

        var call = muster.GetTaskAsync("T-1");
        await plane.UntilAsync(p => p.Received.Count == 1);
        clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(call.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Contains("30 s", (await Assert.ThrowsAsync<PlaneUnreachableException>(() => call)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_artifact_is_sent_again_from_where_its_stream_stood()
    {
        await using var plane = await FakePlane.StartAsync();
        var bodies = new List<string>();
        plane.Instead = http =>
        {
            bodies.Add(plane.Received[^1].Body + plane.Received[^1].Query);
            http.Response.StatusCode = bodies.Count == 1 ? 503 : 404;
            return Task.FromResult(true);
        };
        using var muster = plane.Client();
        using var content = new MemoryStream("skip:rest"u8.ToArray()) { Position = 5 };

        await Assert.ThrowsAsync<MusterException>(() => muster.CreateArtifactAsync("a b", content, "T-1", "text/plain"));

        Assert.Equal(2, bodies.Count);
        Assert.All(bodies, b => Assert.Equal("rest?name=a%20b&taskId=T-1&contentType=text%2Fplain", b));
        Assert.True(content.CanRead);
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    public async Task An_id_cannot_climb_to_another_route(string id)
    {
        using var muster = new MusterClient(new MusterClientOptions());

        await Assert.ThrowsAsync<ArgumentException>(() => muster.DeleteTaskAsync(id));
    }
}
