using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.Proof.Planting;

/// <summary>Bugs on a request's way. Stands before the plane's own first step and lets all pass where nothing is planted.</summary>
internal static class PlantedRequests
{
    public static Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        if (http.RequestServices.GetService<PlantState>() is not { } state) return next(http);
        var store = http.RequestServices.GetRequiredService<Store>();
        return state.Plant switch
        {
            Plant.SkipEpochCheck => SkipEpochCheckAsync(http, next, store),
            Plant.DoubleClaim when http.Request.Path == Routes.Claims => DoubleClaimAsync(http, next, state),
            Plant.CountTwice when http.Request.Path.Value!.EndsWith("/complete", StringComparison.Ordinal) => CountTwiceAsync(http, next, store),
            _ => next(http),
        };
    }

    /// <summary>Makes any lease of a task its current one, and any assignment in the path the open one: what a plane does that does not look at the epoch.</summary>
    private static async Task SkipEpochCheckAsync(HttpContext http, RequestDelegate next, Store store)
    {
        if (LeaseToken.Read(http.Request.Headers[Wire.LeaseHeader].ToString(), store.LeaseKey) is { } lease
            && await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<Held>("SELECT epoch, assignment_id FROM tasks WHERE id = @Subject AND assignment_id IS NOT NULL", new { lease.Subject })) is { } now)
        {
            http.Request.Headers[Wire.LeaseHeader] = (lease with { Epoch = now.Epoch }).Write(store.LeaseKey);
            var old = await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<string>("SELECT id FROM assignments WHERE task_id = @Subject AND epoch = @Epoch", new { lease.Subject, lease.Epoch }));
            if (old is not null) http.Request.Path = http.Request.Path.Value!.Replace(old, now.AssignmentId, StringComparison.Ordinal);
        }

        await next(http);
    }

    /// <summary>Now and then an agent gets the answer that another one was given.</summary>
    private static async Task DoubleClaimAsync(HttpContext http, RequestDelegate next, PlantState state)
    {
        var (own, answer) = (http.Response.Body, new MemoryStream());
        http.Response.Body = answer;
        await next(http);
        http.Response.Body = own;
        var body = answer.ToArray();
        var claimed = http.Response.StatusCode == 200 ? JsonSerializer.Deserialize<ClaimAnswer>(body, Wire.Json)!.Tasks : [];
        if (claimed.Count > 0) state.LastClaim = (claimed[0].Assignment.Agent, body);
        else if (http.Response.StatusCode == 200 && state.LastClaim is { } last && state.Strikes()) body = last.Answer;
        http.Response.ContentLength = null;
        await own.WriteAsync(body);
    }

    /// <summary>The same hand-in again is told again.</summary>
    private static async Task CountTwiceAsync(HttpContext http, RequestDelegate next, Store store)
    {
        var id = http.Request.Path.Value!.Split('/')[3];
        var before = await store.ReadAsync(c => c.QueryFirstOrDefaultAsync<string>("SELECT status FROM assignments WHERE id = @id", new { id }));
        await next(http);
        if (before != AssignmentState.Completed || http.Response.StatusCode != 200) return;
        await store.WriteAsync(tx =>
        {
            var (task, epoch) = tx.QueryFirst<(string, int)>("SELECT task_id, epoch FROM assignments WHERE id = @id", new { id });
            tx.Emit(EventTypes.TaskCompleted, "done", taskId: task, data: new { epoch });
        });
    }

    private sealed record Held
    {
        public int Epoch { get; init; }
        public string AssignmentId { get; init; } = "";
    }
}
