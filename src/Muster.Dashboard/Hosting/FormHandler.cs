using System.Diagnostics;
using Muster.Client;
using Muster.Dashboard.SignIn;

namespace Muster.Dashboard.Hosting;

/// <summary>
/// Takes a form: whoever sends it shows by its token that they saw the page, the API does what is asked, and the page comes again,
/// with a sentence that says what was done, or with what is wrong beside the field and all that was typed.
/// </summary>
internal static class FormHandler
{
    public const string TokenField = "_token";
    public const string BackField = "_back";
    public const string FormField = "_form";

    public static async Task DoAsync(HttpContext http, FormRoute route)
    {
        var form = await SentForm.ReadAsync(http);
        if (Session.Of(http) is not { } session)
        {
            http.Response.Redirect("/sign-in");
            return;
        }

        if (!session.Sent(form[TokenField]) || !Origin.IsOurs(http))
        {
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
            await http.Response.WriteAsync("This form was not sent from a page of this dashboard. Go back, load the page anew, and send it again.", http.RequestAborted);
            return;
        }

        var back = Origin.Local(form[BackField]) ?? "/";
        var page = http.RequestServices.GetRequiredService<PageContext>();
        page.At(back, Pages.Find(PathOf(back))?.Values ?? [], Preferences.Read(http));
        try
        {
            await page.BeginAsync(session, http.RequestServices.GetRequiredService<Planes>(), http.RequestAborted);
            var before = page.Preferences;
            var said = await route.Do(new FormCall(page, http.Request.RouteValues, form, http.RequestAborted));
            // What is still being asked, and what is shown once, is in no cookie and no address: it goes out with this answer.
            if ((page.Typed is not null || page.Once is not null) && Pages.Find(PathOf(back)) is { } asked)
            {
                page.Said = said;
                await AgainAsync(http, page, asked.Page, StatusCodes.Status200OK);
                return;
            }

            if (said.Length > 0) Flash.Say(http, said, page.Undo);
            page.Preferences.Keep(http, before);
            // 303: whatever was sent, the page is got.
            http.Response.StatusCode = StatusCodes.Status303SeeOther;
            http.Response.Headers.Location = page.Next ?? back;
        }
        catch (MusterException refused) when (refused.StatusCode == StatusCodes.Status401Unauthorized)
        {
            session.Forget(http);
            http.Response.Redirect("/sign-in");
        }
        catch (Exception error) when (error is MusterException or FormException or PlaneUnreachableException)
        {
            page.Failure = Failure(form, error);
            if (page.IsSignedIn && Pages.Find(PathOf(back)) is { } shown) await AgainAsync(http, page, shown.Page, StatusCodes.Status422UnprocessableEntity);
            else await PageHandler.FailAsync(http, error);
        }
    }

    private static async Task AgainAsync(HttpContext http, PageContext context, PageRoute page, int status)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            await PageHandler.WriteAsync(http, status, await PageHandler.DrawAsync(http.RequestServices, context, page), Stopwatch.GetElapsedTime(started));
        }
        catch (MusterException gone)
        {
            await PageHandler.FailAsync(http, gone);
        }
    }

    private static FormFailure Failure(IFormCollection form, Exception error)
    {
        var fields = error switch
        {
            FormException wrong => new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { [wrong.Field] = wrong.Message },
            MusterException { Problem.Errors: { } errors } => errors.ToDictionary(e => e.Key, e => string.Join(' ', e.Value), StringComparer.OrdinalIgnoreCase),
            _ => new Dictionary<string, string>(StringComparer.Ordinal),
        };
        var typed = form.Where(f => !f.Key.StartsWith('_')).ToDictionary(f => f.Key, f => f.Value.ToString(), StringComparer.Ordinal);
        return new FormFailure(form[FormField].ToString(), error.Message, fields, typed);
    }

    private static string PathOf(string address) => address.Split('?', 2)[0];
}
