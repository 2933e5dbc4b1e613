using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Muster.Client;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Dashboard.Chat;
using Muster.Dashboard.Hosting;
using Muster.Dashboard.SignIn;

namespace Muster.Dashboard.Live;

/// <summary>
/// One stream a page: what happens at the plane makes the page be drawn anew, by the same components, and of it those regions
/// are sent that look different now, without those of their parts that do not. Events that come together are one drawing; drawing takes at most a part of the time.
/// </summary>
internal static class LiveEndpoint
{
    private static readonly TimeSpan Together = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(15);

    /// <summary>Of the time, at most one part in so many goes into one viewer's drawings.</summary>
    private const int Share = 3;

    public static void MapLive(this IEndpointRouteBuilder routes) => routes.MapGet("/live", StreamAsync);

    private static async Task StreamAsync(HttpContext http, IServiceScopeFactory scopes, Planes planes, IHostApplicationLifetime lifetime, Drawings drawings, ILogger<Viewer> logger)
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
        using var viewer = new Viewer(http, scopes, session, found.Page, address, found.Values, Preferences.Read(http), after, drawings);
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
        HttpContext http, IServiceScopeFactory scopes, Session session, PageRoute page, string address, RouteValueDictionary values, Preferences preferences, long after, Drawings drawings) : IDisposable
    {
        private readonly Dictionary<string, (string Look, Dictionary<string, string> Parts)> _shown = new(StringComparer.Ordinal);
        private readonly SemaphoreSlim _writing = new(1);
        private long _seen = after;

        public async Task RunAsync(Planes planes, CancellationToken ct)
        {
            await WriteAsync("retry: 1000\n\n", ct);
            using var muster = planes.For(session.Token);
            using var reading = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var events = muster.FollowEventsAsync(_seen, Concerns(), reading.Token).GetAsyncEnumerator(reading.Token);
            var next = events.MoveNextAsync().AsTask();
            var heard = HearAsync(muster, reading.Token);
            try
            {
                var drawn = Stopwatch.GetTimestamp();
                while (true)
                {
                    // What came while the page was drawn and rested has waited long enough.
                    var waited = next.IsCompleted;
                    using var silence = CancellationTokenSource.CreateLinkedTokenSource(ct);
                    var quiet = Task.Delay(Silence(drawn), silence.Token);
                    var something = await Task.WhenAny(next, quiet) == next;
                    // A timer that is not waited for any more would live on.
                    await silence.CancelAsync();
                    if (!something)
                    {
                        await WriteAsync(": alive\n\n", ct);
                        if (page.Every is not { } seconds || Stopwatch.GetElapsedTime(drawn) < TimeSpan.FromSeconds(seconds)) continue;
                    }
                    else
                    {
                        // What belongs together comes together: a claim is three events.
                        if (!waited) await Task.Delay(Together, ct);
                        while (next.IsCompleted)
                        {
                            if (!await next) return;
                            _seen = events.Current.Seq;
                            next = events.MoveNextAsync().AsTask();
                        }
                    }

                    var started = Stopwatch.GetTimestamp();
                    await drawings.WaitAsync(ct);
                    try
                    {
                        await DrawAsync(planes, ct);
                    }
                    finally
                    {
                        drawings.Release();
                    }

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
                await heard.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await events.DisposeAsync();
            }
        }

        /// <summary>Beside its own events, those that change its title, and what is said beside it. A page of one task hears of that task alone, until something is said beside it.</summary>
        private EventFilter Concerns()
        {
            var beside = preferences.Chat is not null;
            if (page.Own && !beside) return new EventFilter { Types = page.Events, Task = values["key"] as string };
            // No types are all of them, which is what a page asks for that names none.
            IReadOnlyList<string> own = page.Events.Length > 0 || page.Still ? [.. page.Events.Union(PageRoute.Asks)] : [];
            return new EventFilter { Types = beside && own.Count > 0 ? [.. own.Union(PageRoute.Talk)] : own };
        }

        public void Dispose() => _writing.Dispose();

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
                var seen = _shown.GetValueOrDefault(name, ("", []));
                if (seen.Look == look) continue;
                changed.Add(Regions.Since(region, seen.Parts, out var parts));
                _shown[name] = (look, parts);
            }

            await SendAsync("regions", JsonSerializer.Serialize(new { title = Title(html), badge = context.Needs, at = context.Now, regions = changed }, Wire.Json), ct);
        }

        private static string Title(string html)
        {
            var from = html.IndexOf("<title>", StringComparison.Ordinal) + "<title>".Length;
            return System.Net.WebUtility.HtmlDecode(html[from..html.IndexOf("</title>", from, StringComparison.Ordinal)]);
        }

        /// <summary>Sends on what the Chief of Staff is about to say, while a model makes it up. What is kept comes as a region, and takes its place.</summary>
        private async Task HearAsync(MusterClient muster, CancellationToken ct)
        {
            if (preferences.Chat is null && page.Component != typeof(ChatPage)) return;
            try
            {
                await foreach (var words in muster.FollowMessagesAsync("goals.*.words", () => _ = WriteAsync(": hears\n\n", ct), ct: ct))
                    await WriteAsync($"event: words\ndata: {words.Data?.GetRawText()}\n\n", ct);
            }
            catch (MusterException refused) when (refused.StatusCode == StatusCodes.Status403Forbidden)
            {
                // Who only looks gets what was said once it is said.
            }
        }

        private async Task WriteAsync(string text, CancellationToken ct)
        {
            await _writing.WaitAsync(ct);
            try
            {
                await http.Response.WriteAsync(text, ct);
                await http.Response.Body.FlushAsync(ct);
            }
            finally
            {
                _writing.Release();
            }
        }
    }
}
