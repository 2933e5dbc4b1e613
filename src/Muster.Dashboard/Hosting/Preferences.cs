using System.Globalization;

namespace Muster.Dashboard.Hosting;

/// <summary>How somebody likes to see pages, and when they last looked: in cookies of their browser, and nowhere else.</summary>
/// <param name="Theme">One of <see cref="Themes"/>.</param>
/// <param name="LastLook">When they looked before.</param>
/// <param name="Chat">Id of the conversation beside the pages, or <see cref="NewChat"/>; null when none is.</param>
/// <param name="Keys">Whether keys of one letter do something.</param>
public sealed record Preferences(string Theme, DateTimeOffset? LastLook, string? Chat = null, bool Keys = true)
{
    public const string System = "system";
    public const string NewChat = "new";

    private const string ThemeCookie = "muster_theme";
    private const string LookCookie = "muster_look";
    private const string ChatCookie = "muster_chat";
    private const string KeysCookie = "muster_keys";

    /// <summary>Whoever comes back after a pause looks anew; what was done in the pause is new to them.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(30);

    /// <summary>What is new to somebody who never looked.</summary>
    private static readonly TimeSpan FirstLook = TimeSpan.FromDays(1);

    public static Preferences None { get; } = new(System, null);

    public static IReadOnlyList<string> Themes { get; } = [System, "light", "dark"];

    public static Preferences Read(HttpContext http)
    {
        var theme = http.Request.Cookies[ThemeCookie];
        return new Preferences(theme is not null && Themes.Contains(theme) ? theme : System, Looks(http)?.Before, ChatOf(http.Request.Cookies[ChatCookie]), http.Request.Cookies[KeysCookie] != "off");
    }

    public static void SetTheme(HttpContext http, string theme) => http.Response.Cookies.Append(ThemeCookie, theme, Kept(http, TimeSpan.FromDays(365)));

    /// <summary>A conversation as somebody may name it; null for anything else.</summary>
    public static string? ChatOf(string? text) => text == NewChat || Guid.TryParseExact(text, "D", out _) ? text : null;

    /// <summary>Keeps what a form has changed.</summary>
    public void Keep(HttpContext http, Preferences before)
    {
        if (Chat != before.Chat) Set(http, ChatCookie, Chat, TimeSpan.FromDays(30));
        if (Keys != before.Keys) Set(http, KeysCookie, Keys ? null : "off", TimeSpan.FromDays(365));
    }

    private static void Set(HttpContext http, string cookie, string? value, TimeSpan life)
    {
        if (value is null) http.Response.Cookies.Delete(cookie, new CookieOptions { Path = "/" });
        else http.Response.Cookies.Append(cookie, value, Kept(http, life));
    }

    /// <summary>Notes a look at what was done.</summary>
    public static void Looked(HttpContext http, DateTimeOffset now)
    {
        var looks = Looks(http);
        var before = looks is null ? now - FirstLook : now - looks.Value.Last > Pause ? looks.Value.Last : looks.Value.Before;
        http.Response.Cookies.Append(LookCookie, string.Create(CultureInfo.InvariantCulture, $"{before.ToUnixTimeSeconds()}.{now.ToUnixTimeSeconds()}"), Kept(http, TimeSpan.FromDays(90)));
    }

    private static (DateTimeOffset Before, DateTimeOffset Last)? Looks(HttpContext http) =>
        http.Request.Cookies[LookCookie]?.Split('.') is [var before, var last] && Time(before) is { } first && Time(last) is { } second ? (first, second) : null;

    private static DateTimeOffset? Time(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is > 1_000_000_000 and < 100_000_000_000 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    private static CookieOptions Kept(HttpContext http, TimeSpan life) => new() { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = http.Request.IsHttps, Path = "/", MaxAge = life };
}
