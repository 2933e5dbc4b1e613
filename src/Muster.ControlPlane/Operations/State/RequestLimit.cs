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
    public async Task InvokeAsync(HttpContext http)
    {
        if (http.Items[typeof(Principal)] is Principal { Scope: not (Scopes.Owner or Scopes.Host) } principal && await allowance.TakeAsync(principal.TokenId, http.RequestAborted) is { } wait)
            throw new Refusal(429, ProblemCodes.RateLimited, $"This token makes more requests than the plane grants. Come again in {Math.Ceiling(wait.TotalSeconds)} s; requestsPerSecond in config.json sets the limit.") { RetryAfter = wait };
        await next(http);
    }
}
