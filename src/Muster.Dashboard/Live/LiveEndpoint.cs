using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Muster.Client;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Dashboard.Hosting;
using Muster.Dashboard.SignIn;

namespace Muster.Dashboard.Live;

/// <summary>
/// One stream a page: what happens at the plane makes the page be drawn anew, by the same components, and of it those regions
/// are sent that look different now. Events that come together are one drawing; drawing takes at most a part of the time.
/// </summary>
internal static class LiveEndpoint
{
    private static readonly TimeSpan Together = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(15);

    /// <summary>Of the time, at most one part in so many goes into one viewer's drawings.</summary>
    private const int Share = 4;

    public static void MapLive(this IEndpointRouteBuilder routes) => routes.MapGet("/live", StreamAsync);

    private static async Task StreamAsync(HttpContext http, IServiceScopeFactory scopes, Planes planes, IHostApplicationLifetime lifetime, ILogger<Viewer> logger)
    {
        var address = Origin.Local(http.Request.Query["at"]);
        if (Session.Of(http) is not { } session || address is null || Pages.Find(address.Split('?', 2)[0]) is not { } found)
        {
            http.Response.StatusCode = Session.Of(http) is null ? StatusCodes.Status401Unauthorized : StatusCodes.Status404NotFound;
            return;
        }

        var after = Number(http.Request.Headers["Last-Event-ID"]) ?? Number(http.Request.Query["after"]) ?? 0;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        http.Response.ContentType = "text/event-stream";
        // A proxy in between must not hold events back until there are many.
        http.Response.Headers["X-Accel-Buffering"] = "no";
        var viewer = new Viewer(http, scopes, session, found.Page, address, found.Values, Preferences.Read(http), after);
        try
        {
            await viewer.RunAsync(planes, ending.Token);
        }
        catch (OperationCanceledException)
        {
            // They left, or the plane is stopping; the browser comes back by itself, with the number it has seen.
        }
        catch (PlaneUnreachableException away)
        {
            logger.LogWarning("A viewer's stream ended: {Why}", away.Message);
        }
        catch (MusterException refused)
        {
            logger.LogInformation("A viewer's stream ended: {Why}", refused.Message);
            await viewer.SendAsync(refused.StatusCode == StatusCodes.Status401Unauthorized ? "over" : "reload", "{}", CancellationToken.None);
        }
    }

    private static long? Number(string? text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>Somebody who looks at a page.</summary>
    internal sealed class Viewer(
        HttpContext http, IServiceScopeFactory scopes, Session session, PageRoute page, string address, RouteValueDictionary values, Preferences preferences, long after)
    {
        private readonly Dictionary<string, string> _shown = new(StringComparer.Ordinal);
        private long _seen = after;

        public async Task RunAsync(Planes planes, CancellationToken ct)
        {
            await WriteAsync("retry: 1000\n\n", ct);
            using var muster = planes.For(session.Token);
            using var reading = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var events = muster.FollowEventsAsync(_seen, Concerns(), reading.Token).GetAsyncEnumerator(reading.Token);
            var next = events.MoveNextAsync().AsTask();
            try
            {
                var drawn = Stopwatch.GetTimestamp();
                while (true)
                {
                    if (await Task.WhenAny(next, Task.Delay(Silence(drawn), ct)) != next)
                    {
                        await WriteAsync(": alive\n\n", ct);
                        if (page.Every is not { } seconds || Stopwatch.GetElapsedTime(drawn) < TimeSpan.FromSeconds(seconds)) continue;
                    }
                    else
                    {
                        // What belongs together comes together: a claim is three events.
                        await Task.Delay(Together, ct);
                        while (next.IsCompleted)
                        {
                            if (!await next) return;
                            _seen = events.Current.Seq;
                            next = events.MoveNextAsync().AsTask();
                        }
                    }

                    var started = Stopwatch.GetTimestamp();
                    await DrawAsync(planes, ct);
                    drawn = Stopwatch.GetTimestamp();
                    var pause = Stopwatch.GetElapsedTime(started, drawn) * (Share - 1);
                    await Task.Delay(pause > LeastPause ? pause : LeastPause, ct);
                }
            }
            finally
            {
                // A reader that is still asked for its next event cannot be let go of.
                await reading.CancelAsync();
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await events.DisposeAsync();
            }
        }

        /// <summary>What is said beside a page concerns it too, whatever the page is about.</summary>
        private EventFilter Concerns()
        {
            var beside = preferences.Chat is not null;
            return new EventFilter { Types = beside && (page.Still || page.Events.Length > 0) ? [.. page.Events.Union(PageRoute.Talk)] : page.Events, Task = page.Own && !beside ? values["key"] as string : null };
        }

        /// <summary>How long nothing may be sent: until the page is due, or a sign of life is.</summary>
        private TimeSpan Silence(long drawn)
        {
            if (page.Every is not { } seconds) return SignOfLife;
            var due = TimeSpan.FromSeconds(seconds) - Stopwatch.GetElapsedTime(drawn);
            return due < TimeSpan.Zero ? TimeSpan.Zero : due < SignOfLife ? due : SignOfLife;
        }

        public Task SendAsync(string kind, string json, CancellationToken ct) => WriteAsync($"id: {_seen}\nevent: {kind}\ndata: {json}\n\n", ct);

        private async Task DrawAsync(Planes planes, CancellationToken ct)
        {
            await using var scope = scopes.CreateAsyncScope();
            var context = scope.ServiceProvider.GetRequiredService<PageContext>();
            context.At(address, values, preferences);
            await context.BeginAsync(session, planes, ct);
            var html = await PageHandler.DrawAsync(scope.ServiceProvider, context, page);
            List<string> changed = [];
            foreach (var (name, region) in Regions.Of(html))
            {
                var look = Regions.Look(region);
                if (_shown.GetValueOrDefault(name) == look) continue;
                _shown[name] = look;
                changed.Add(region);
            }

            await SendAsync("regions", JsonSerializer.Serialize(new { title = Title(html), at = context.Now, regions = changed }, Wire.Json), ct);
        }

        private static string Title(string html)
        {
            var from = html.IndexOf("<title>", StringComparison.Ordinal) + "<title>".Length;
            return System.Net.WebUtility.HtmlDecode(html[from..html.IndexOf("</title>", from, StringComparison.Ordinal)]);
        }

        private async Task WriteAsync(string text, CancellationToken ct)
        {
            await http.Response.WriteAsync(text, ct);
            await http.Response.Body.FlushAsync(ct);
        }
    }
}
