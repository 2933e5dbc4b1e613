using Muster.Contracts;
using Muster.Contracts.Security;
using Muster.ControlPlane.Security;

namespace Muster.ControlPlane.Operations.State;

/// <summary>
/// Keeps one token from taking all of the plane: an agent in a loop gets 429 and the time to wait. Owners and hosts are not
/// counted, because the way to end such a loop must stay open.
/// </summary>
public sealed class RequestLimit(RequestDelegate next, RequestAllowance allowance)
{
    public Task InvokeAsync(HttpContext http)
    {
        if (http.Items[typeof(Principal)] is not Principal { Scope: not (Scopes.Owner or Scopes.Host) } principal) return next(http);
        var taking = allowance.TakeAsync(principal.TokenId, http.RequestAborted);
        // Granted as good as always, and from memory: no detour for it.
        return taking.IsCompletedSuccessfully ? GoOn(http, taking.Result) : LaterAsync(http, taking);
    }

    private async Task LaterAsync(HttpContext http, ValueTask<TimeSpan?> taking) => await GoOn(http, await taking);

    private Task GoOn(HttpContext http, TimeSpan? refusedFor) => refusedFor is { } wait
        ? throw new Refusal(429, ProblemCodes.RateLimited, $"This token makes more requests than the plane grants. Come again in {Math.Ceiling(wait.TotalSeconds)} s; requestsPerSecond in config.json sets the limit.") { RetryAfter = wait }
        : next(http);
}
