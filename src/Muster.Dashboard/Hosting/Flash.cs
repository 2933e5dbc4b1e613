namespace Muster.Dashboard.Hosting;

/// <summary>A sentence that the page after a form shows once.</summary>
internal static class Flash
{
    private const string Cookie = "muster_said";

    public static void Say(HttpContext http, string text) => http.Response.Cookies.Append(Cookie, Uri.EscapeDataString(text.Length > 300 ? text[..300] : text),
        new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = http.Request.IsHttps, Path = "/", MaxAge = TimeSpan.FromSeconds(30) });

    public static string? Take(HttpContext http)
    {
        if (http.Request.Cookies[Cookie] is not { Length: > 0 } said) return null;
        http.Response.Cookies.Delete(Cookie, new CookieOptions { Path = "/" });
        return Uri.UnescapeDataString(said);
    }
}
