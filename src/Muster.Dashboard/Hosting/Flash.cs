namespace Muster.Dashboard.Hosting;

/// <summary>A sentence that the page after a form shows once, with what undoes what was done.</summary>
internal static class Flash
{
    private const string Cookie = "muster_said";

    /// <summary>More than this no browser keeps in a cookie.</summary>
    private const int Most = 3500;

    /// <param name="http">The answer that leads to the page.</param>
    /// <param name="text">What was done.</param>
    /// <param name="undo">What undoes it, for the page's form; left out where it is too long.</param>
    public static void Say(HttpContext http, string text, string? undo = null)
    {
        var said = Uri.EscapeDataString(text.Length > 300 ? text[..300] : text);
        if (undo is not null && said.Length + Uri.EscapeDataString(undo).Length < Most) said += "|" + Uri.EscapeDataString(undo);
        http.Response.Cookies.Append(Cookie, said, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = http.Request.IsHttps, Path = "/", MaxAge = TimeSpan.FromSeconds(30) });
    }

    public static (string? Text, string? Undo) Take(HttpContext http)
    {
        if (http.Request.Cookies[Cookie] is not { Length: > 0 } said) return (null, null);
        http.Response.Cookies.Delete(Cookie, new CookieOptions { Path = "/" });
        var at = said.LastIndexOf('|');
        return at < 0 ? (Uri.UnescapeDataString(said), null) : (Uri.UnescapeDataString(said[..at]), Uri.UnescapeDataString(said[(at + 1)..]));
    }
}
