using System.Net;
using Muster.Contracts;
using Muster.ControlPlane.Mcp.Http;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Security;

/// <summary>Turns a bearer token into a principal and refuses whoever the endpoint does not admit. Deny is the default.</summary>
public sealed class AccessMiddleware(RequestDelegate next, TokenDirectory tokens, Store store)
{
    public Task InvokeAsync(HttpContext http)
    {
        // No route: nothing is there, or not by this method; routing itself says so.
        if (http.GetEndpoint() is not RouteEndpoint endpoint) return next(http);
        var access = endpoint.Metadata.GetMetadata<Access>();
        if (access is { Public: true }) return next(http);
        if (access is { Loopback: true } && http.Connection.RemoteIpAddress is { } caller && IPAddress.IsLoopback(caller)) return next(http);

        // Begun inside this plane, for a caller whose token it has read already.
        if (http.Features.Get<InnerCaller>() is { } inner) return AdmitAsync(http, inner.Principal, access);

        var credential = Bearer(http.Request);
        if (access is { Lease: true })
        {
            credential ??= http.Request.Headers["x-api-key"].FirstOrDefault() ?? http.Request.Headers["x-goog-api-key"].ToString();
            if (LeaseToken.Read(credential, store.LeaseKey) is { } lease)
            {
                http.Items[typeof(LeaseToken)] = credential;
                // One lease, one share of the plane.
                http.Items[typeof(Principal)] = new Principal($"lease/{lease.Subject}", "lease", "lease", null);
                return next(http);
            }
        }

        var finding = tokens.FindAsync(credential, http.RequestAborted);
        // As good as always from memory: no detour for it.
        return finding.IsCompletedSuccessfully ? AdmitAsync(http, finding.Result, access) : LaterAsync(http, finding, access);
    }

    private async Task LaterAsync(HttpContext http, ValueTask<Principal?> finding, Access? access) => await AdmitAsync(http, await finding, access);

    private Task AdmitAsync(HttpContext http, Principal? found, Access? access)
    {
        var principal = found
            ?? throw new Refusal(401, ProblemCodes.Unauthenticated,
                "Send a valid token: 'Authorization: Bearer mst_...'. `muster up` shows the owner token once at its first start; `muster doctor` tells where it is kept.");
        if (access is null || !access.Scopes.Contains(principal.Scope))
            throw Refusal.Forbidden($"A token of scope '{principal.Scope}' may not do this; it takes {string.Join(" or ", access?.Scopes ?? [])}.");
        http.Items[typeof(Principal)] = principal;
        return next(http);
    }

    private static string? Bearer(HttpRequest request)
    {
        const string scheme = "Bearer ";
        var header = request.Headers.Authorization.ToString();
        if (header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) return header[scheme.Length..].Trim();
        // A browser cannot set headers on a WebSocket or an event stream; the sub-protocol carries the token instead.
        foreach (var protocol in request.Headers.SecWebSocketProtocol)
            foreach (var part in (protocol ?? "").Split(',', StringSplitOptions.TrimEntries))
                if (part.StartsWith("mst_", StringComparison.Ordinal)) return part;
        return null;
    }
}
