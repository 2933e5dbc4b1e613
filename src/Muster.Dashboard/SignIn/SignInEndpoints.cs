using Muster.Client;
using Muster.Contracts.Security;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.SignIn;

/// <summary>Signing in by link or token, and out. Following a link shows a page with a button: only sending that page uses the link up.</summary>
internal static class SignInEndpoints
{
    private const int MostCharacters = 200;

    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/sign-in", ShowAsync);
        routes.MapPost("/sign-in", SignInAsync);
        routes.MapPost("/sign-out", SignOutAsync);
        routes.MapPost("/theme", SetThemeAsync);
    }

    private static Task ShowAsync(HttpContext http) => PageAsync(http, StatusCodes.Status200OK, Short(http.Request.Query["code"]), http.Request.Query["next"], null);

    private static async Task SignInAsync(HttpContext http)
    {
        var form = await SentForm.ReadAsync(http);
        var next = Origin.Local(form["next"]) ?? "/";
        if (!Origin.IsOurs(http))
        {
            await PageAsync(http, StatusCodes.Status403Forbidden, null, next, "This form was not sent from this page. Try again here.");
            return;
        }

        try
        {
            var session = await BeginAsync(http, Short(form["code"]), Short(form["token"]));
            Session.Begin(http, session.Secret, session.Token.ExpiresAt);
            http.Response.StatusCode = StatusCodes.Status303SeeOther;
            http.Response.Headers.Location = next;
        }
        catch (MusterException refused)
        {
            await PageAsync(http, refused.StatusCode, null, next, refused.StatusCode == StatusCodes.Status401Unauthorized && form["token"].Count > 0 ? "That token is not valid. It starts with mst_ and was shown when it was made." : refused.Message);
        }
        catch (PlaneUnreachableException away)
        {
            await PageAsync(http, StatusCodes.Status503ServiceUnavailable, null, next, away.Message);
        }
    }

    /// <summary>A token is worth a link, and a link a session: what the browser keeps is never the token itself.</summary>
    private static async Task<TokenCreated> BeginAsync(HttpContext http, string? code, string? token)
    {
        var planes = http.RequestServices.GetRequiredService<Planes>();
        if (code is null)
        {
            using var person = planes.For(token);
            code = (await person.CreateSignInLinkAsync(ct: http.RequestAborted)).Code;
        }

        using var nobody = planes.For(null);
        return await nobody.CreateSessionAsync(new CreateSession { Code = code }, ct: http.RequestAborted);
    }

    private static async Task SignOutAsync(HttpContext http)
    {
        var form = await SentForm.ReadAsync(http);
        if (Session.Of(http) is { } session && session.Sent(form[FormHandler.TokenField]) && Origin.IsOurs(http))
        {
            using var person = http.RequestServices.GetRequiredService<Planes>().For(session.Token);
            try
            {
                await person.EndSessionAsync(everywhere: form["everywhere"] == "true", ct: http.RequestAborted);
            }
            catch (MusterException over) when (over.StatusCode == StatusCodes.Status401Unauthorized)
            {
                // It was over already, which is what was asked for.
            }

            session.Forget(http);
        }

        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        http.Response.Headers.Location = "/sign-in";
    }

    private static async Task SetThemeAsync(HttpContext http)
    {
        var form = await SentForm.ReadAsync(http);
        var theme = form["theme"].ToString();
        if (Origin.IsOurs(http) && Preferences.Themes.Contains(theme)) Preferences.SetTheme(http, theme);
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        http.Response.Headers.Location = Origin.Local(form[FormHandler.BackField]) ?? "/";
    }

    private static async Task PageAsync(HttpContext http, int status, string? code, string? next, string? wrong)
    {
        http.RequestServices.GetRequiredService<PageContext>().At("/sign-in", [], Preferences.Read(http));
        var html = await PageHandler.RenderAsync(http.RequestServices, typeof(SignInPage), new() { ["Code"] = code, ["Next"] = Origin.Local(next) ?? "/", ["Wrong"] = wrong });
        await PageHandler.WriteAsync(http, status, html, TimeSpan.Zero);
    }

    private static string? Short(string? text) => text?.Trim() is { Length: > 0 and < MostCharacters } given ? given : null;
}
