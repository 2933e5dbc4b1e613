using System.Diagnostics;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.Logging;
using Muster.Client;
using Muster.Dashboard.Chat;
using Muster.Dashboard.SignIn;
using Muster.Dashboard.Today;

namespace Muster.Dashboard.Hosting;

/// <summary>Answers with a page: who looks, then the component, then the document.</summary>
internal static class PageHandler
{
    public static async Task ShowAsync(HttpContext http, PageRoute page)
    {
        var started = Stopwatch.GetTimestamp();
        var context = http.RequestServices.GetRequiredService<PageContext>();
        var preferences = Preferences.Read(http);
        context.At(http.Request.Path + http.Request.QueryString, http.Request.RouteValues, preferences);
        (context.Said, context.Undo) = Flash.Take(http);
        if (Session.Of(http) is not { } session)
        {
            ToSignIn(http);
            return;
        }

        try
        {
            await context.BeginAsync(session, http.RequestServices.GetRequiredService<Planes>(), http.RequestAborted);
            if (page.Component == typeof(TodayPage)) Preferences.Looked(http, context.Now);
            await WriteAsync(http, StatusCodes.Status200OK, await DrawAsync(http.RequestServices, context, page), Stopwatch.GetElapsedTime(started));
        }
        catch (MusterException refused) when (refused.StatusCode == StatusCodes.Status401Unauthorized)
        {
            session.Forget(http);
            ToSignIn(http);
        }
        catch (Exception error) when (error is MusterException or PlaneUnreachableException)
        {
            await FailAsync(http, error);
        }
    }

    /// <summary>The page that says what went wrong, in the same frame.</summary>
    public static async Task FailAsync(HttpContext http, Exception error)
    {
        var status = error is MusterException refused ? refused.StatusCode : StatusCodes.Status503ServiceUnavailable;
        await WriteAsync(http, status, await RenderAsync(http.RequestServices, typeof(FailedPage), new() { ["Status"] = status, ["Text"] = error.Message }), TimeSpan.Zero);
    }

    public static async Task WriteAsync(HttpContext http, int status, string html, TimeSpan took)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/html; charset=utf-8";
        PageHeaders.Timing(http, took);
        await http.Response.WriteAsync(html, http.RequestAborted);
    }

    /// <summary>The document of a page as it is now.</summary>
    public static async Task<string> DrawAsync(IServiceProvider services, PageContext context, PageRoute page)
    {
        // The page of chats has no other beside it.
        var beside = context.Preferences.Chat is { } chosen && page.Component != typeof(ChatPage) ? ChatFacts.BesideAsync(context, chosen) : null;
        var facts = await page.Read(context);
        if (beside is not null) context.Chat = await beside;
        return await RenderAsync(services, page.Component, new() { ["Facts"] = facts });
    }

    public static async Task<string> RenderAsync(IServiceProvider services, Type component, Dictionary<string, object?>? parameters = null)
    {
        await using var renderer = new HtmlRenderer(services, services.GetRequiredService<ILoggerFactory>());
        return await renderer.Dispatcher.InvokeAsync(async () =>
        {
            var root = await renderer.RenderComponentAsync(component, parameters is null ? ParameterView.Empty : ParameterView.FromDictionary(parameters));
            return root.ToHtmlString();
        });
    }

    private static void ToSignIn(HttpContext http) =>
        http.Response.Redirect(http.Request.Path == "/" ? "/sign-in" : "/sign-in?next=" + Uri.EscapeDataString(http.Request.GetEncodedPathAndQuery()));
}
