using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Muster.Client.Tests.Plane;
using Muster.Contracts;

namespace Muster.Client.Tests.Events;

[Trait("req", "C3")]
public sealed class FollowTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_stream_cut_at_any_byte_goes_on_without_loss_or_doubles(int seed)
    {
        const int Last = 120;
        var random = new Random(seed);
        await using var plane = await FakePlane.StartAsync();
        plane.Instead = async http =>
        {
            var bytes = From(After(http), Last);
            await StartAsync(http);
            // Cut in the middle of whatever stands there: a character, a line, a line's end.
            await http.Response.Body.WriteAsync(bytes.AsMemory(0, random.Next(bytes.Length + 1)));
            await http.Response.Body.FlushAsync();
            // A reset may take back what was sent before it; an end does not. Both happen.
            if (random.Next(3) == 0)
                http.Abort();
            return true;
        };
        var clock = new TestClock();
        using var muster = plane.Client(clock);

        var seen = new List<long>();
        await using (clock.Flow())
        {
            await foreach (var e in muster.FollowEventsAsync(after: 0))
            {
                Assert.Equal(Samples.Event(e.Seq).Text, e.Text);
                seen.Add(e.Seq);
                if (e.Seq == Last)
                    break;
            }
        }

        Assert.Equal(Enumerable.Range(1, Last).Select(i => (long)i), seen);
        Assert.True(plane.Received.Count > 1);
    }

    [Fact]
    public async Task Events_sent_twice_are_told_once()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Instead = async http =>
        {
            await StartAsync(http);
            // A plane that does not heed where to go on from.
            await http.Response.Body.WriteAsync(From(0, plane.Received.Count + 1));
            return true;
        };
        var clock = new TestClock();
        using var muster = plane.Client(clock);

        await using var flow = clock.Flow();
        var seen = await muster.FollowEventsAsync(after: 0).Take(4).Select(e => e.Seq).ToListAsync();

        Assert.Equal([1, 2, 3, 4], seen);
    }

    [Fact]
    public async Task A_stream_from_now_on_resumes_from_the_place_that_the_plane_named_before_any_event()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Instead = async http =>
        {
            await StartAsync(http);
            await http.Response.Body.WriteAsync(plane.Received.Count == 1 ? "id: 41\n\n"u8.ToArray() : From(After(http), 42));
            return true;
        };
        var clock = new TestClock();
        using var muster = plane.Client(clock);

        await using var flow = clock.Flow();
        var first = await muster.FollowEventsAsync().FirstAsync();

        Assert.Equal(42, first.Seq);
        Assert.Equal("", plane.Received[0].Query);
        Assert.Equal("?after=41", plane.Received[1].Query);
    }

    [Fact]
    public async Task A_silent_stream_is_opened_anew_and_comments_keep_it_alive()
    {
        await using var plane = await FakePlane.StartAsync();
        var comments = new SemaphoreSlim(0);
        plane.Instead = async http =>
        {
            await StartAsync(http);
            if (plane.Received.Count > 1)
            {
                await http.Response.Body.WriteAsync(From(0, 1));
                return true;
            }
            while (!http.RequestAborted.IsCancellationRequested)
            {
                await comments.WaitAsync(http.RequestAborted).ContinueWith(_ => { });
                await http.Response.WriteAsync(": here\n");
                await http.Response.Body.FlushAsync();
            }
            return true;
        };
        var clock = new TestClock();
        var notices = new List<string>();
        using var muster = plane.Client(clock, o => o with { OnNotice = notices.Add });

        var first = muster.FollowEventsAsync(after: 0, new EventFilter { Types = ["task.*", "agent.died"], Project = "T" }).FirstAsync().AsTask();
        await plane.UntilAsync(p => p.Received.Count == 1);
        await using (clock.Flow())
            await first;

        Assert.InRange(clock.Elapsed.TotalSeconds, 45, 120);
        Assert.Contains("silent", Assert.Single(notices), StringComparison.Ordinal);
        Assert.Equal("?after=0&types=task.%2A%2Cagent.died&project=T", plane.Received[0].Query);
    }

    [Fact]
    public async Task A_wrong_token_ends_the_following()
    {
        await using var plane = await FakePlane.StartAsync();
        plane.Instead = http =>
        {
            http.Response.StatusCode = 401;
            return Task.FromResult(true);
        };
        using var muster = plane.Client();

        var e = await Assert.ThrowsAsync<MusterException>(async () => await muster.FollowEventsAsync().FirstAsync());

        Assert.Equal(ProblemCodes.Unauthenticated, e.Code);
    }

    private static long After(HttpContext http) => long.Parse(http.Request.Query["after"]!, CultureInfo.InvariantCulture);

    private static async Task StartAsync(HttpContext http)
    {
        http.Response.ContentType = "text/event-stream";
        await http.Response.Body.FlushAsync();
    }

    private static byte[] From(long after, long last)
    {
        var text = new StringBuilder(": welcome\n\n");
        for (var seq = after + 1; seq <= last; seq++)
        {
            text.Append($"id: {seq}\r\nevent: task.updated\ndata: {JsonSerializer.Serialize(Samples.Event(seq), Contracts.Wire.Json)}\n\n");
            if (seq % 3 == 0)
                text.Append(": beat\n\n");
        }
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
