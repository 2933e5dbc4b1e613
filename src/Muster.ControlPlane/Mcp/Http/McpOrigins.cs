using System.Net;
using Muster.Contracts;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Mcp.Http;

/// <summary>
/// Web pages that may speak to <c>/mcp</c>: those served from this machine's own loopback names and those that config.json
/// names. A page elsewhere that had its name lead here (DNS rebinding) is refused whatever token it has.
/// </summary>
internal sealed class McpOrigins(ControlPlaneOptions options)
{
    private readonly HashSet<string> _allowed = new(options.CorsOrigins, StringComparer.Ordinal);

    public void Require(HttpContext http)
    {
        var origin = http.Request.Headers.Origin.ToString();
        // A program that is no browser sends none.
        if (origin.Length == 0 || _allowed.Contains(origin) || IsLoopback(origin)) return;
        throw new Refusal(403, ProblemCodes.Forbidden, $"Pages of '{Refusal.Shorten(origin)}' may not call this plane. Add the origin to 'corsOrigins' in config.json of its data folder if it should.");
    }

    private static bool IsLoopback(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && (uri.Host == "localhost" || IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
