using System.Net;
using Muster.Contracts;
using Muster.ControlPlane.Mcp.Http;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Security;

/// <summary>Turns a bearer token into a principal and refuses whoever the endpoint does not admit. Deny is the default.</summary>
public sealed class AccessMiddleware(RequestDelegate next, TokenDirectory tokens, Store store, TimeProvider time)
{
    /// <summary>Clocks take no longer wait than 49 days. Whoever is cut before his token ends comes back.</summary>
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromDays(30);

    public Task InvokeAsync(HttpContext http)
    {
        // No route: nothing is there, or not by this method; routing itself says so.
        if (http.GetEndpoint() is not RouteEndpoint endpoint) return next(http);
        var access = endpoint.Metadata.GetMetadata<Access>();
        if (access is { Public: true }) return next(http);
        if (access is { Loopback: true } && http.Connection.RemoteIpAddress is { } caller && IPAddress.IsLoopback(caller)) return next(http);

        // Begun inside this plane, for a caller whose token it has read already.
        if (http.Features.Get<InnerCaller>() is { } inner) return AdmitAsync(http, endpoint, inner.Principal);

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
        return finding.IsCompletedSuccessfully ? AdmitAsync(http, endpoint, finding.Result) : LaterAsync(http, endpoint, finding);
    }

    private async Task LaterAsync(HttpContext http, Endpoint endpoint, ValueTask<Principal?> finding) => await AdmitAsync(http, endpoint, await finding);

    private Task AdmitAsync(HttpContext http, Endpoint endpoint, Principal? found)
    {
        var access = endpoint.Metadata.GetMetadata<Access>();
        var principal = found
            ?? throw new Refusal(401, ProblemCodes.Unauthenticated,
                "Send a valid token: 'Authorization: Bearer mst_...'. `muster up` shows the owner token once at its first start; `muster doctor` tells where it is kept.");
        if (access is null || !access.Scopes.Contains(principal.Scope))
            throw Refusal.Forbidden($"A token of scope '{principal.Scope}' may not do this; it takes {string.Join(" or ", access?.Scopes ?? [])}.");
        http.Items[typeof(Principal)] = principal;
        return endpoint.Metadata.GetMetadata<Lasting>() is null ? next(http) : WhileValidAsync(http, principal);
    }

    /// <summary>Whoever has lost his token hears no more: his connection is cut, and he is refused when he comes back.</summary>
    private async Task WhileValidAsync(HttpContext http, Principal principal)
    {
        var left = principal.ExpiresAt is { } expires ? expires - time.GetUtcNow() : LongestAnswer;
        using var over = new CancellationTokenSource(left < LongestAnswer ? left > TimeSpan.Zero ? left : TimeSpan.Zero : LongestAnswer, time);
        await using var expired = over.Token.Register(http.Abort);
        await using var revoked = tokens.EndOf(principal.TokenId).Register(http.Abort);
        await next(http);
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
