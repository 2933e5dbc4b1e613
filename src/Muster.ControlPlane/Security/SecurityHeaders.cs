using Muster.Contracts;

namespace Muster.ControlPlane.Security;

/// <summary>Headers that every answer carries, and the refusal of requests that came by another name than ours (DNS rebinding).</summary>
public sealed class SecurityHeaders(RequestDelegate next, ControlPlaneOptions options)
{
    private readonly HashSet<string> _hosts = new(options.HostNames, StringComparer.OrdinalIgnoreCase);

    public Task InvokeAsync(HttpContext http)
    {
        Set(http);
        if (IsOurs(http.Request.Host)) return next(http);
        throw new Operations.Refusal(421, ProblemCodes.Forbidden,
            "This plane was called by a name that is not its own. Add the name to 'hostNames' in config.json of its data folder if it should answer to it.");
    }

    internal static void Set(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        // The page to try the API brings its own start script and styles; everything else brings nothing at all.
        headers.ContentSecurityPolicy = http.Request.Path.StartsWithSegments("/docs", StringComparison.Ordinal)
            ? "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
            : "default-src 'none'; frame-ancestors 'none'";
    }

    private bool IsOurs(HostString host) =>
        host.Host is "localhost" or "[::1]" || System.Net.IPAddress.TryParse(host.Host.Trim('[', ']'), out _) || _hosts.Contains(host.Host);
}
