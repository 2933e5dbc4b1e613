using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;

namespace Muster.ControlPlane.Events.Bus;

/// <summary>The bus for agents and people. Nothing here is kept, so no idempotency key is heeded: sent again is said again.</summary>
public static class BusApi
{
    private static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(15);

    public static void MapBus(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(Routes.BusPublish, Publish).WithName("PublishMessage").Admit(Access.Work);
        routes.MapPost(Routes.BusRequest, Request).WithName("RequestMessage").Admit(Access.Work);
        routes.MapGet(Routes.BusStream, Stream).WithName("StreamMessages").Admit(Access.Work).Lasts().Produces<MessageInfo>(200, contentType: "text/event-stream");
    }

    private static async Task<PublishedMessage> Publish(PublishMessage body, HttpContext http, MessageBus bus, BusAccess access, AgentDirectory agents, CancellationToken ct)
    {
        await access.RequireAsync(http, body.Subject, listening: false, ct);
        var published = bus.Publish(await MessageAsync(http, agents, body.Subject, body.Data, ct));
        return new PublishedMessage { Listeners = published.Here, Forwarded = published.Beyond };
    }

    private static async Task<MessageInfo> Request(RequestMessage body, HttpContext http, MessageBus bus, BusAccess access, AgentDirectory agents, CancellationToken ct)
    {
        new Checked().Require(body.TimeoutSeconds is null or (>= 0.05 and <= 60), "timeoutSeconds", "timeoutSeconds is 0.05 to 60.").ThrowIfWrong();
        await access.RequireAsync(http, body.Subject, listening: false, ct);
        try
        {
            var question = await MessageAsync(http, agents, body.Subject, body.Data, ct);
            return (await bus.RequestAsync(question, TimeSpan.FromSeconds(body.TimeoutSeconds ?? 5), ct)).ToInfo();
        }
        catch (NoResponderException nobody)
        {
            throw new Refusal(409, ProblemCodes.NoResponder, nobody.Message + (bus.Health.IsHealthy ? "" : $" The bus reaches this plane only: {bus.Health.Detail}"));
        }
        catch (NoReplyException late)
        {
            throw new Refusal(408, ProblemCodes.NoReply, late.Message + " Whether the request was carried out is not known.");
        }
    }

    private static async Task Stream(HttpContext http, MessageBus bus, BusAccess access, IHostApplicationLifetime lifetime, string subject)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        var ct = ending.Token;
        await access.RequireAsync(http, subject, listening: true, ct);
        using var subscription = await bus.SubscribeAsync(subject, ct);
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        try
        {
            // Said first: who has read this misses nothing that is published from now on.
            await WriteAsync("event: listening\ndata: {}\n\n"u8.ToArray());
            // Who listens for a task is one who holds it.
            await PumpAsync(subscription, WriteAsync, () => access.RequireAsync(http, subject, listening: true, ct), ct);
        }
        catch (SlowListenerException slow)
        {
            await WriteAsync([.. "event: slow\ndata: "u8, .. JsonSerializer.SerializeToUtf8Bytes(slow.Message, Wire.Json), .. "\n\n"u8]);
        }
        catch (Exception error) when (error is OperationCanceledException or Refusal)
        {
            // The listener left, the plane is stopping, or the lease is lost, which whoever comes back is told.
        }

        async Task WriteAsync(byte[] bytes)
        {
            await http.Response.Body.WriteAsync(bytes, ct);
            await http.Response.Body.FlushAsync(ct);
        }
    }

    private static async Task PumpAsync(BusSubscription subscription, Func<byte[], Task> write, Func<Task> require, CancellationToken ct)
    {
        // One timer for the whole stream: one for each wait would live on after it.
        using var timer = new PeriodicTimer(SignOfLife);
        var tick = timer.WaitForNextTickAsync(ct).AsTask();
        while (true)
        {
            var some = subscription.WaitAsync(ct).AsTask();
            while (await Task.WhenAny(some, tick) != some)
            {
                await tick;
                await require();
                await write(": alive\n\n"u8.ToArray());
                tick = timer.WaitForNextTickAsync(ct).AsTask();
            }

            if (!await some) return;
            while (subscription.TryRead() is { } message) await write(message.Sse);
        }
    }

    private static async Task<BusMessage> MessageAsync(HttpContext http, AgentDirectory agents, string subject, JsonElement? data, CancellationToken ct)
    {
        var principal = http.Principal();
        var agent = principal.Subject is { } id ? await agents.FindAsync(id, ct) : null;
        return new BusMessage(subject, data is { } json ? JsonSerializer.SerializeToUtf8Bytes(json, Wire.Json) : ReadOnlyMemory<byte>.Empty) { From = agent?.Name ?? principal.Name };
    }
}
