using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Muster.Dashboard.SignIn;

/// <summary>
/// Somebody's session: a token of the API that was made for this browser, in a cookie that no script can read. The plane
/// keeps it and ends it; here is no state that a restart could lose.
/// </summary>
public sealed class Session
{
    private const int MostCharacters = 200;

    private Session(string token)
    {
        Token = token;
        FormToken = Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(token), "a form of the dashboard"u8));
    }

    public string Token { get; }

    /// <summary>What every form carries: only a page that was made for this session knows it.</summary>
    public string FormToken { get; }

    public static Session? Of(HttpContext http) =>
        http.Request.Cookies[Name(http)] is { Length: > 0 and < MostCharacters } token && token.StartsWith("mst_", StringComparison.Ordinal) ? new Session(token) : null;

    public static void Begin(HttpContext http, string token, DateTimeOffset? ends) => http.Response.Cookies.Append(Name(http), token, Options(http, ends));

    public bool Sent(string? formToken) => formToken is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(formToken), Encoding.UTF8.GetBytes(FormToken));

    public void Forget(HttpContext http) => http.Response.Cookies.Delete(Name(http), Options(http, null));

    // Cookies know no ports: two planes on one machine must not take each other's.
    private static string Name(HttpContext http) => $"muster_session_{http.Request.Host.Port ?? (http.Request.IsHttps ? 443 : 80)}";

    // Lax: a link from a mail or a chat leads to the page it names. What changes anything carries the form's token besides.
    private static CookieOptions Options(HttpContext http, DateTimeOffset? ends) =>
        new() { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = http.Request.IsHttps, Path = "/", Expires = ends, IsEssential = true };
}
