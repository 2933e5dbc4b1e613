using System.Globalization;

namespace Muster.Dashboard.Hosting;

/// <summary>What a page may load and do: its own scripts, styles and pictures, and nothing that text in it could bring along.</summary>
internal static class PageHeaders
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types muster";

    public static ValueTask<object?> AddAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var headers = context.HttpContext.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        // Without any referrer, browsers hide where a form comes from even from ourselves.
        headers["Referrer-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(self), payment=(), usb=()";
        headers.CacheControl = "no-store";
        return next(context);
    }

    /// <summary>How long the server took, for whoever measures.</summary>
    public static void Timing(HttpContext http, TimeSpan took) => http.Response.Headers["Server-Timing"] = string.Create(CultureInfo.InvariantCulture, $"page;dur={took.TotalMilliseconds:0.0}");
}
