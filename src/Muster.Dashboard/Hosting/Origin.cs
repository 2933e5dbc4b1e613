namespace Muster.Dashboard.Hosting;

/// <summary>Whether something comes from, or leads to, this dashboard itself.</summary>
internal static class Origin
{
    /// <summary>Browsers name the origin of every form they send; one that names another is not taken.</summary>
    public static bool IsOurs(HttpContext http)
    {
        var site = http.Request.Headers["Sec-Fetch-Site"].ToString();
        if (site.Length > 0 && site is not ("same-origin" or "none")) return false;
        var origin = http.Request.Headers.Origin.ToString();
        // "null" is what a page says that hides where it is from.
        return origin.Length == 0 || (Uri.TryCreate(origin, UriKind.Absolute, out var from) && from.Authority == http.Request.Host.Value);
    }

    /// <summary>A path of ours; null for anything that could lead elsewhere.</summary>
    public static string? Local(string? path) =>
        path is { Length: > 0 and < 2000 } && path[0] == '/' && (path.Length == 1 || path[1] is not ('/' or '\\')) && !path.Any(char.IsControl) ? path : null;
}
