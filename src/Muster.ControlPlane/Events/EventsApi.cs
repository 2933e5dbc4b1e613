using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Events;

public static class EventsApi
{
    /// <summary>Events of one write.</summary>
    private const int Together = 128;

    private static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(15);

    public static void MapEvents(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Events, List).WithName("ListEvents").Admit(Access.Read);
        routes.MapPost(Routes.Events, Create).WithName("CreateEvent").Admit(Access.Work);
        routes.MapGet(Routes.Event, Get).WithName("GetEvent").Admit(Access.Read);
        routes.MapGet(Routes.EventStream, Stream).WithName("StreamEvents").Admit(Access.Read).Lasts().Produces(200, contentType: "text/event-stream");
        routes.Map(Routes.WebSocket, Socket).Admit(Access.Read).Lasts().ExcludeFromDescription();
    }

    private static async Task<Page<EventInfo>> List(EventLog log, Store store, long? after, string? types, string? project, string? task, int? last, bool? newest, string? cursor, int? limit, CancellationToken ct)
    {
        if (newest == true) return await NewestAsync(log, await FilterAsync(store, types, project, task, ct), cursor, Paging.Limit(limit), ct);
        if (last is < 1) throw Refusal.Invalid("last", "last is 1 or more: how many of the newest events to look at.");
        var from = Paging.Decode(cursor) is { } seq && long.TryParse(seq, out var seen) ? seen : after ?? (last is { } back ? Math.Max(0, await log.LastSeqAsync(ct) - back) : 0);
        var (rows, searched) = await log.ReadAsync(from, await FilterAsync(store, types, project, task, ct), Paging.Limit(limit), ct);
        if (rows.Count == 0) await log.RequireReachedAsync(from, ct);
        return ToPage(rows, searched);
    }

    /// <summary>Back from the newest; a cursor is the number of the oldest that was seen.</summary>
    private static async Task<Page<EventInfo>> NewestAsync(EventLog log, EventFilter filter, string? cursor, int limit, CancellationToken ct)
    {
        var before = Paging.Decode(cursor) is { } text && long.TryParse(text, out var seen) ? seen : long.MaxValue;
        var (rows, searched) = await log.ReadBackAsync(before, filter, limit, ct);
        return ToPage(rows, searched);
    }

    private static Page<EventInfo> ToPage(IReadOnlyList<EventRow> rows, long? searched) =>
        new() { Items = [.. rows.Select(EncodedEvent.ToInfo)], Next = searched is { } seq ? Paging.Encode(seq.ToString()) : null };

    private static async Task<EventInfo> Get(string id, Store store, CancellationToken ct)
    {
        // Ids have no index, which every event would pay for: one is looked for through the whole log, a number is found at once.
        var row = await store.ReadAsync(c => long.TryParse(id, out var seq)
            ? c.QueryFirstOrDefaultAsync<EventRow>("SELECT * FROM events WHERE seq = @seq", new { seq })
            : c.QueryFirstOrDefaultAsync<EventRow>("SELECT * FROM events WHERE id = @id", new { id }), ct);
        return EncodedEvent.ToInfo(row ?? throw Refusal.NotFound("event", id));
    }

    private static async Task<Created<EventInfo>> Create(CreateEvent body, HttpContext http, Store store, Writes writes, CancellationToken ct)
    {
        new Checked()
            .Require(body.Type.StartsWith(EventTypes.CustomPrefix, StringComparison.Ordinal) && body.Type.Length is > 7 and <= 80 && body.Type.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'),
                "type", $"The type of an event of your own begins with '{EventTypes.CustomPrefix}' and has letters, digits, '.', '_' and '-'. The other types are the plane's.")
            .Text(body.Text, "text", 1000)
            .Require(body.Data is null || body.Data.Value.GetRawText().Length <= 10_000, "data", "data has at most 10000 characters of JSON.")
            .ThrowIfWrong();
        var info = await writes.RunAsync(body, tx =>
        {
            Leases.Heed(tx, store, http);
            var task = body.Task is null ? null : TaskQueries.Get(tx, body.Task);
            var project = body.Project is null ? null : ProjectRow.Get(tx, body.Project);
            tx.Emit(body.Type, body.Text, project?.Id ?? task?.ProjectId, task?.Id, http.Principal().Subject, body.Data);
            return EncodedEvent.ToInfo(tx.LastEvent());
        }, ct);
        return TypedResults.Created(Routes.With(Routes.Event, info.Id), info);
    }

    private static async Task Stream(HttpContext http, EventLog log, Store store, IHostApplicationLifetime lifetime, long? after, string? types, string? project, string? task)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        var ct = ending.Token;
        var filter = await FilterAsync(store, types, project, task, ct);
        var from = long.TryParse(http.Request.Headers["Last-Event-ID"], out var last) ? last : after ?? await log.LastSeqAsync(ct);
        await log.RequireReachedAsync(from, ct);
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        // The number alone first: who is cut off before the first event knows where to go on.
        await http.Response.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes($"id: {from}\n\n"), ct);
        await http.Response.Body.FlushAsync(ct);
        try
        {
            await PumpAsync(log.FollowAsync(from, filter, ct),
                async batch =>
                {
                    foreach (var encoded in batch) http.Response.BodyWriter.Write(encoded.Sse);
                    await http.Response.BodyWriter.FlushAsync(ct);
                },
                async () =>
                {
                    await http.Response.Body.WriteAsync(": alive\n\n"u8.ToArray(), ct);
                    await http.Response.Body.FlushAsync(ct);
                }, ct);
        }
        catch (OperationCanceledException)
        {
            // The follower left or the plane is stopping; either comes back with the last id it saw.
        }
    }

    private static async Task<IResult> Socket(HttpContext http, EventLog log, Store store, IHostApplicationLifetime lifetime, long? after, string? types, string? project, string? task)
    {
        if (!http.WebSockets.IsWebSocketRequest) throw new Refusal(400, ProblemCodes.Invalid, $"{Routes.WebSocket} takes WebSocket connections; use {Routes.EventStream} for server-sent events.");
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        var ct = ending.Token;
        var filter = await FilterAsync(store, types, project, task, ct);
        var from = after ?? await log.LastSeqAsync(ct);
        await log.RequireReachedAsync(from, ct);
        var protocol = http.WebSockets.WebSocketRequestedProtocols.Contains("muster") ? "muster" : null;
        using var socket = await http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { SubProtocol = protocol, KeepAliveInterval = SignOfLife });
        var hearing = HearAsync(socket, ending);
        try
        {
            await PumpAsync(log.FollowAsync(from, filter, ct), async batch =>
            {
                foreach (var encoded in batch) await socket.SendAsync(encoded.Json, WebSocketMessageType.Text, endOfMessage: true, ct);
            }, null, ct);
            await socket.CloseAsync(WebSocketCloseStatus.PolicyViolation, "too slow: come back with ?after=<last seq>", ct);
        }
        catch (Exception error) when (error is OperationCanceledException or WebSocketException)
        {
            // The follower left or the plane is stopping; either comes back with the last seq it saw.
        }

        await ending.CancelAsync();
        await hearing;
        return Results.Empty;
    }

    /// <summary>Followers say nothing; reading notices when they close or vanish.</summary>
    private static async Task HearAsync(WebSocket socket, CancellationTokenSource ending)
    {
        var buffer = new byte[256];
        try
        {
            while (!ending.IsCancellationRequested)
                if ((await socket.ReceiveAsync(buffer, ending.Token)).MessageType == WebSocketMessageType.Close) break;
        }
        catch (Exception error) when (error is OperationCanceledException or WebSocketException)
        {
            // Gone; the same as closed.
        }

        await ending.CancelAsync();
    }

    /// <summary>Writes events as they come, those at hand together, with a sign of life now and then.</summary>
    private static async Task PumpAsync(
        IAsyncEnumerable<EncodedEvent> events, Func<IReadOnlyList<EncodedEvent>, Task> write, Func<Task>? alive, CancellationToken ct)
    {
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(ct);
        // One timer for the whole stream: one for each wait would live on after it, thousands of them for each follower.
        using var timer = new PeriodicTimer(SignOfLife);
        var tick = alive is null ? null : timer.WaitForNextTickAsync(ct).AsTask();
        var reader = events.GetAsyncEnumerator(reading.Token);
        var next = reader.MoveNextAsync().AsTask();
        var batch = new List<EncodedEvent>(Together);
        try
        {
            while (true)
            {
                while (tick is not null && !next.IsCompleted && await Task.WhenAny(next, tick) == tick)
                {
                    await tick;
                    await alive!();
                    tick = timer.WaitForNextTickAsync(ct).AsTask();
                }

                batch.Clear();
                var more = await next;
                while (more)
                {
                    batch.Add(reader.Current);
                    next = reader.MoveNextAsync().AsTask();
                    if (batch.Count == Together || !next.IsCompletedSuccessfully) break;
                    more = await next;
                }

                if (batch.Count > 0) await write(batch);
                if (!more) return;
            }
        }
        finally
        {
            // A reader that is still asked for its next event cannot be let go of.
            await reading.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await reader.DisposeAsync();
        }
    }

    private static async Task<EventFilter> FilterAsync(Store store, string? types, string? project, string? task, CancellationToken ct)
    {
        var projectId = project is null ? null : (await ProjectsApi.RowAsync(store, project, ct)).Id;
        var taskId = task is null ? null : (await TaskQueries.GetAsync(store, task, ct)).Id;
        var list = types?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (list is { Length: > 50 }) throw Refusal.Invalid("types", "At most 50 types.");
        return new EventFilter(list is { Length: > 0 } ? list : null, projectId, taskId);
    }
}
