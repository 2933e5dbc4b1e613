using System.Net.WebSockets;
using System.Text.Json;
using Muster.Client;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests.Events;

/// <summary>The event log (B3, C3): facts in the order they happened, without gaps, resumable, on every stream the same.</summary>
public sealed class EventTests
{
    [Fact]
    public async Task Numbers_have_no_gaps_though_operations_were_refused_in_between()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async n =>
        {
            if (n % 3 == 0) await plane.RefusedAsync(HttpMethod.Post, Routes.Tasks, new CreateTask { Project = "FLT", Title = "x", DependsOn = ["FLT-9999"] });
            else await plane.TaskAsync($"t{n}");
        }));
        var all = await AllAsync(plane);
        Assert.Equal(Enumerable.Range(1, all.Count).Select(n => (long)n), all.Select(e => e.Seq));
    }

    [Fact]
    public async Task Followers_by_socket_and_stream_see_every_event_once_from_where_they_left()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        var writing = Task.Run(async () => { for (var i = 0; i < 100; i++) await plane.TaskAsync($"t{i}"); });
        var stream = SeenByStreamAsync(plane, 100);
        var socket = SeenBySocketAsync(plane, 100);
        await writing;
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"t{i}"), await stream);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"t{i}"), await socket);
    }

    [Fact]
    public async Task A_follower_that_does_not_read_is_cut_off_and_memory_stays_bounded()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        var hub = (ControlPlane.Events.EventHub)plane.Services.GetService(typeof(ControlPlane.Events.EventHub))!;
        using var slow = hub.Subscribe(new ControlPlane.Events.EventFilter(null, null, null));
        for (var i = 0; i < 3; i++) await NoiseAsync(plane, 500);
        Assert.Equal(0, hub.Followers);
        var read = 0;
        await foreach (var _ in slow.Reader.ReadAllAsync()) read++;
        Assert.Equal(1024, read);
    }

    [Fact]
    public async Task What_is_rare_is_found_page_by_page_and_by_who_follows()
    {
        await using var plane = await TestPlane.StartAsync();
        await NoiseAsync(plane, 6000);
        await plane.Store.WriteAsync(tx => tx.Emit("custom.rare", "here"));
        await NoiseAsync(plane, 6000);

        List<int> pages = [];
        string? cursor = null;
        do
        {
            var page = await plane.GetAsync<Page<EventInfo>>($"{Routes.Events}?after=0&types=custom.rare{(cursor is null ? "" : "&cursor=" + cursor)}");
            pages.Add(page.Items.Count);
            cursor = page.Next;
        }
        while (cursor is not null);
        // None looks through more than five thousand.
        Assert.Equal([0, 1, 0], pages);

        using var client = new MusterClient(new MusterClientOptions { Server = plane.Address, Token = plane.OwnerToken });
        await foreach (var found in client.StreamEventsAsync(0, new EventFilter { Types = ["custom.rare"] }))
        {
            Assert.Equal("here", found.Text);
            break;
        }
    }

    [Fact]
    public async Task Filters_by_type_project_and_task_hold_on_every_way_to_read()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync("AA");
        await plane.ProjectAsync("BB");
        var wanted = await plane.TaskAsync("a", "AA");
        await plane.TaskAsync("b", "BB");
        Assert.All((await plane.GetAsync<Page<EventInfo>>("/api/events?project=AA&types=task.*")).Items, e => Assert.Equal(wanted.ProjectId, e.ProjectId));
        Assert.All((await plane.GetAsync<Page<EventInfo>>($"/api/events?task={wanted.Key}")).Items, e => Assert.Equal(wanted.Id, e.TaskId));
    }

    [Theory]
    [InlineData("/api/events?after=1000")]
    [InlineData("/api/events/stream?after=1000")]
    [InlineData("/ws?after=1000")]
    [Trait("req", "B3")]
    public async Task Who_follows_from_beyond_the_end_of_the_log_is_told_and_does_not_wait_in_vain(string path)
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        using var client = plane.Client(plane.OwnerToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (path.StartsWith("/ws", StringComparison.Ordinal))
        {
            using var socket = new ClientWebSocket();
            socket.Options.AddSubProtocol("muster");
            socket.Options.AddSubProtocol(plane.OwnerToken);
            socket.Options.CollectHttpResponseDetails = true;
            await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"ws://{plane.Address.Authority}{path}"), default));
            Assert.Equal(System.Net.HttpStatusCode.Conflict, socket.HttpStatusCode);
            return;
        }

        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(System.Net.HttpStatusCode.Conflict, answer.StatusCode);
        Assert.Equal(ProblemCodes.LogRestarted, JsonSerializer.Deserialize<Problem>(await answer.Content.ReadAsStringAsync(), Wire.Json)!.Code);
        // At its very end one waits, as ever.
        var last = (await AllAsync(plane))[^1].Seq;
        Assert.Empty((await plane.GetAsync<Page<EventInfo>>($"/api/events?after={last}")).Items);
    }

    private static Task NoiseAsync(TestPlane plane, int count) => plane.Store.WriteAsync(tx =>
    {
        for (var i = 0; i < count; i++) tx.Emit("custom.noise", "x");
    });

    private static async Task<List<string>> SeenByStreamAsync(TestPlane plane, int count)
    {
        // Cut and resumed every ten events, as a bad network would.
        List<string> seen = [];
        long after = 0;
        while (seen.Count < count)
        {
            using var client = plane.Client(plane.OwnerToken);
            using var body = new StreamReader(await client.GetStreamAsync($"{Routes.EventStream}?types=task.created&after={after}"));
            for (var taken = 0; taken < 10 && seen.Count < count;)
            {
                var line = await body.ReadLineAsync() ?? throw new InvalidOperationException("The stream ended.");
                if (!line.StartsWith("data: ", StringComparison.Ordinal)) continue;
                var info = JsonSerializer.Deserialize<EventInfo>(line[6..], Wire.Json)!;
                seen.Add(info.Text[(info.Text.IndexOf(": ", StringComparison.Ordinal) + 2)..]);
                after = info.Seq;
                taken++;
            }
        }

        return seen;
    }

    private static async Task<List<string>> SeenBySocketAsync(TestPlane plane, int count)
    {
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("muster");
        socket.Options.AddSubProtocol(plane.OwnerToken);
        await socket.ConnectAsync(new Uri($"ws://{plane.Address.Authority}{Routes.WebSocket}?types=task.created&after=0"), default);
        List<string> seen = [];
        var buffer = new byte[64 * 1024];
        while (seen.Count < count)
        {
            var received = await socket.ReceiveAsync(buffer, default);
            Assert.True(received.EndOfMessage);
            var info = JsonSerializer.Deserialize<EventInfo>(buffer.AsSpan(0, received.Count), Wire.Json)!;
            seen.Add(info.Text[(info.Text.IndexOf(": ", StringComparison.Ordinal) + 2)..]);
        }

        return seen;
    }

    private static async Task<List<EventInfo>> AllAsync(TestPlane plane)
    {
        List<EventInfo> all = [];
        string? cursor = null;
        do
        {
            var page = await plane.GetAsync<Page<EventInfo>>($"/api/events?limit=100{(cursor is null ? "" : "&cursor=" + cursor)}");
            all.AddRange(page.Items);
            cursor = page.Next;
        }
        while (cursor is not null);
        return all;
    }
}
