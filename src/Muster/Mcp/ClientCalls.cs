using Muster.Client;
using Muster.Contracts;
using Muster.ControlPlane.Mcp;

namespace Muster.Mcp;

/// <summary>The plane's API for the tools of <c>muster mcp</c>: sent by the SDK, with the token of this machine.</summary>
/// <param name="muster">The SDK.</param>
/// <param name="lease">The lease of the attempt that the caller works on, when it is an agent.</param>
internal sealed class ClientCalls(MusterClient muster, string? lease) : IPlaneCalls
{
    public async Task<T> SendAsync<T>(HttpMethod method, string path, object? body, string? key, CancellationToken ct)
    {
        try
        {
            return await muster.CallAsync<T>(method, path, body, new CallOptions { Lease = lease, IdempotencyKey = key }, ct);
        }
        catch (MusterException refused)
        {
            throw new CallRefusedException(refused.Problem);
        }
        catch (PlaneUnreachableException away)
        {
            throw new CallRefusedException(new Problem { Title = "Unreachable", Status = 503, Code = ProblemCodes.Unavailable, Detail = away.Message });
        }
    }
}
