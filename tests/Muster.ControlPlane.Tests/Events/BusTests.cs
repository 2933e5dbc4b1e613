using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Muster.Client;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.ControlPlane.Events.Bus;

namespace Muster.ControlPlane.Tests.Events;

/// <summary>The bus as agents reach it: through the API and the SDK, within their project.</summary>
[Trait("req", "B3"), Trait("req", "B4")]
public sealed class BusTests
{
    [Fact]
    public async Task Agents_talk_with_each_other_through_the_SDK_and_the_plane_says_who_spoke()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        using var ada = await AgentAsync(plane, "ada");
        using var bob = await AgentAsync(plane, "bob");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answering = Task.Run(async () =>
        {
            await foreach (var question in bob.StreamMessagesAsync("agents.FLT.bob.>", () => listening.SetResult(), ct: limit.Token))
            {
                await bob.PublishMessageAsync(new PublishMessage { Subject = question.ReplyTo!, Data = Json(new { heard = question.Data!.Value.GetProperty("say").GetString(), from = question.From }) });
                return question.Subject;
            }

            return null;
        });
        await listening.Task.WaitAsync(limit.Token);
        var answer = await ada.RequestMessageAsync(new RequestMessage { Subject = "agents.FLT.bob.ask", Data = Json(new { say = "hello" }) });
        Assert.Equal("agents.FLT.bob.ask", await answering);
        Assert.Equal(("bob", "hello", "ada"), (answer.From, answer.Data!.Value.GetProperty("heard").GetString(), answer.Data.Value.GetProperty("from").GetString()));
    }

    [Fact]
    public async Task A_task_speaks_under_its_project_and_no_more_once_its_lease_is_lost()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.ProjectAsync("OTH");
        await plane.TaskAsync("one");
        await plane.BeatAsync("ada");
        var claimed = (await plane.ClaimAsync("ada")).Single();
        Task<Problem> Refused(string subject) => plane.RefusedAsync(HttpMethod.Post, Routes.BusPublish, new PublishMessage { Subject = subject }, claimed.Lease);

        await plane.PostAsync<PublishedMessage>(Routes.BusPublish, new PublishMessage { Subject = "agents.FLT.a" }, claimed.Lease);
        Assert.Equal(ProblemCodes.Forbidden, (await Refused("agents.OTH.a")).Code);
        await plane.CompleteAsync(claimed);
        Assert.Equal(ProblemCodes.LeaseLost, (await Refused("agents.FLT.a")).Code);
        Assert.Equal(ProblemCodes.LeaseLost, (await Refused("_INBOX.a.b")).Code);
    }

    [Fact]
    public async Task The_work_loop_gives_each_task_the_bus_of_its_project()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.TaskAsync("one");
        using var ada = await AgentAsync(plane, "ada");
        using var subscription = await plane.Services.GetRequiredService<MessageBus>().SubscribeAsync("agents.FLT.>", default);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await ada.WorkAsync(new WorkOptions { Agent = "ada" }, async (_, task, ct) =>
        {
            await task.Bus.PublishAsync("done", new { task = task.Task.Key }, ct);
            await stop.CancelAsync();
        }, stop.Token);
        await using var heard = subscription.ReadAsync(default).GetAsyncEnumerator();
        Assert.True(await heard.MoveNextAsync());
        Assert.Equal(("agents.FLT.done", "ada", "FLT-1"), (heard.Current.Subject, heard.Current.From, heard.Current.ToInfo().Data!.Value.GetProperty("task").GetString()));
    }

    [Theory]
    [InlineData("agents.FLT.>", 200)]
    [InlineData("agents.FLT.*.x", 200)]
    [InlineData("agents.NOT.>", 403)]
    [InlineData("agents.*.x", 403)]
    [InlineData("agents.>", 403)]
    [InlineData("agents.FLT", 403)]
    [InlineData(">", 403)]
    [InlineData("_INBOX.>", 403)]
    [InlineData("_INBOX.a.b", 403)]
    [InlineData("muster.events.>", 403)]
    [InlineData("agents..x", 400)]
    public async Task An_agent_listens_within_a_project_only(string pattern, int status)
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        using var ada = await AgentAsync(plane, "ada");
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await foreach (var _ in ada.StreamMessagesAsync(pattern, () => stop.Cancel(), ct: stop.Token)) Assert.Fail("Nobody said anything.");
        }
        catch (OperationCanceledException)
        {
            Assert.Equal(200, status);
            return;
        }
        catch (MusterException refused)
        {
            Assert.Equal(status, refused.StatusCode);
            return;
        }

        Assert.Fail("It neither listened nor was it refused.");
    }

    [Theory]
    [InlineData("agents.NOT.x", 403)]
    [InlineData("agents.FLT", 403)]
    [InlineData("agents.*.x", 400)]
    [InlineData("muster.events.task.completed", 403)]
    [InlineData("$JS.API.STREAM.DELETE.MUSTER_EVENTS", 403)]
    [InlineData("agents.FLT.a b", 400)]
    public async Task Nobody_speaks_outside_a_project(string subject, int status)
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        Assert.Equal(status, (await plane.RefusedAsync(HttpMethod.Post, Routes.BusPublish, new PublishMessage { Subject = subject })).Status);
        Assert.Equal(status, (await plane.RefusedAsync(HttpMethod.Post, Routes.BusRequest, new RequestMessage { Subject = subject })).Status);
    }

    [Fact]
    public async Task A_request_that_nobody_can_answer_is_refused_with_its_own_code()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        var nobody = await plane.RefusedAsync(HttpMethod.Post, Routes.BusRequest, new RequestMessage { Subject = "agents.FLT.a" });
        Assert.Equal((409, ProblemCodes.NoResponder), (nobody.Status, nobody.Code));
        using var silent = await plane.Services.GetRequiredService<MessageBus>().SubscribeAsync("agents.FLT.a", default);
        var late = await plane.RefusedAsync(HttpMethod.Post, Routes.BusRequest, new RequestMessage { Subject = "agents.FLT.a", TimeoutSeconds = 0.05 });
        Assert.Equal((408, ProblemCodes.NoReply), (late.Status, late.Code));
        var large = await plane.RefusedAsync(HttpMethod.Post, Routes.BusPublish, new PublishMessage { Subject = "agents.FLT.a", Data = Json(new string('x', BusMessage.MaxBytes)) });
        Assert.Equal((400, ProblemCodes.Invalid), (large.Status, large.Code));
    }

    [Fact]
    public async Task A_listener_that_reads_too_slowly_is_told_so()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        using var ada = await AgentAsync(plane, "ada");
        var bus = plane.Services.GetRequiredService<MessageBus>();
        var large = new BusMessage("agents.FLT.flood", JsonSerializer.SerializeToUtf8Bytes(new string('x', 60_000)));
        var refused = await Assert.ThrowsAsync<MusterException>(async () =>
        {
            // Far more than socket buffers and the plane's own hold, said while nothing is read.
            await foreach (var _ in ada.StreamMessagesAsync("agents.FLT.flood", () =>
            {
                for (var i = 0; i < 2000; i++) bus.Publish(large);
            }))
            {
            }
        });
        Assert.Equal(ProblemCodes.TooSlow, refused.Code);
        Assert.Equal(0, bus.Subscriptions);
    }

    private static async Task<MusterClient> AgentAsync(TestPlane plane, string name)
    {
        await plane.BeatAsync(name);
        var token = await plane.PostAsync<TokenCreated>(Routes.With(Routes.AgentToken, name));
        return new MusterClient(new MusterClientOptions { Server = plane.Address, Token = token.Secret });
    }

    private static JsonElement Json<T>(T value) => JsonSerializer.SerializeToElement(value, Wire.Json);
}
