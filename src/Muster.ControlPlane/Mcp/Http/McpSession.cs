using ModelContextProtocol.Server;

namespace Muster.ControlPlane.Mcp.Http;

/// <summary>A conversation of one client, for revisions that have sessions. Belongs to the token that began it.</summary>
internal sealed class McpSession : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly TimeProvider _time;
    private readonly Task _run;
    private int _active;
    private int _listening;
    private long _lastUsed;

    public McpSession(string id, string tokenId, StreamableHttpServerTransport transport, McpServer server, TimeProvider time)
    {
        (Id, TokenId, Transport, Server, _time) = (id, tokenId, transport, server, time);
        _lastUsed = time.GetTimestamp();
        _run = server.RunAsync(_end.Token);
    }

    public string Id { get; }
    public string TokenId { get; }
    public StreamableHttpServerTransport Transport { get; }
    public McpServer Server { get; }

    /// <summary>How long nobody has used it; zero while somebody does.</summary>
    public TimeSpan Idle => Volatile.Read(ref _active) > 0 ? TimeSpan.Zero : _time.GetElapsedTime(Interlocked.Read(ref _lastUsed));

    public IDisposable Use()
    {
        Interlocked.Increment(ref _active);
        return new Used(this);
    }

    /// <summary>A session has one stream for what nobody asked for; false when it is open already.</summary>
    public bool TryListen() => Interlocked.Exchange(ref _listening, 1) == 0;

    public void Unlisten() => Interlocked.Exchange(ref _listening, 0);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Transport.DisposeAsync();
        // How the conversation ended is nobody's concern any more.
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Server.DisposeAsync();
        _end.Dispose();
    }

    private sealed class Used(McpSession session) : IDisposable
    {
        public void Dispose()
        {
            Interlocked.Exchange(ref session._lastUsed, session._time.GetTimestamp());
            Interlocked.Decrement(ref session._active);
        }
    }
}
