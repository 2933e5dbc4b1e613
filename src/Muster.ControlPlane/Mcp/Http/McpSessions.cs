using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using ModelContextProtocol.Server;
using Muster.Contracts;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Mcp.Http;

/// <summary>The sessions of this plane: so many at once and no more, closed when nobody uses them.</summary>
internal sealed class McpSessions(McpOffer offered, McpLimits limits, TimeProvider time, ILoggerFactory log, IServiceProvider services) : BackgroundService
{
    private readonly ConcurrentDictionary<string, McpSession> _open = new(StringComparer.Ordinal);
    private readonly Lock _opening = new();

    public int Count => _open.Count;

    public async Task<McpSession> OpenAsync(string tokenId)
    {
        McpSession? crowdedOut = null;
        McpSession opened;
        lock (_opening)
        {
            if (_open.Values.Count(s => s.TokenId == tokenId) >= limits.SessionsOfOne)
                throw new Refusal(429, ProblemCodes.RateLimited, $"This token has {limits.SessionsOfOne} sessions open. End one (DELETE with its Mcp-Session-Id), or wait until one has been silent for {limits.Idle.TotalMinutes:0} minutes.") { RetryAfter = TimeSpan.FromSeconds(30) };
            if (_open.Count >= limits.Sessions)
            {
                crowdedOut = _open.Values.Where(s => s.Idle > TimeSpan.Zero).MaxBy(s => s.Idle)
                    ?? throw new Refusal(503, ProblemCodes.Unavailable, "Too many sessions are open now, all of them in use; try again shortly.") { RetryAfter = TimeSpan.FromSeconds(10) };
                _open.TryRemove(crowdedOut.Id, out _);
            }

            var id = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));
            var transport = new StreamableHttpServerTransport(log) { SessionId = id, EventStreamStore = new KeptStreams(limits.KeptMessages) };
            opened = new McpSession(id, tokenId, transport, McpServer.Create(transport, offered.Made(), log, services), time);
            _open[id] = opened;
        }

        if (crowdedOut is not null) await crowdedOut.DisposeAsync();
        return opened;
    }

    /// <summary>Somebody else's session does not exist.</summary>
    public McpSession? Find(string id, string tokenId) => _open.TryGetValue(id, out var session) && session.TokenId == tokenId ? session : null;

    public async Task<bool> CloseAsync(McpSession session)
    {
        if (!_open.TryRemove(session.Id, out _)) return false;
        await session.DisposeAsync();
        return true;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (var session in _open.Values) await CloseAsync(session);
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromSeconds(30), time);
        try
        {
            while (await tick.WaitForNextTickAsync(stoppingToken))
                foreach (var session in _open.Values.Where(s => s.Idle > limits.Idle)) await CloseAsync(session);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The plane stops; StopAsync closes what is open.
        }
    }
}
