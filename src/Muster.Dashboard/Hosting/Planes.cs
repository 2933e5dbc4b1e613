using Muster.Client;

namespace Muster.Dashboard.Hosting;

/// <summary>Clients of the API, each with somebody's token, over connections that all of them share.</summary>
public sealed class Planes(Func<Uri> address) : IDisposable
{
    private readonly SocketsHttpHandler _connections = new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    };

    public MusterClient For(string? token) => new(new MusterClientOptions
    {
        Server = address(),
        Token = token,
        Handler = _connections,
        // A person waits for the page; who reloads is the next try.
        MaxRetries = 1,
        Timeout = TimeSpan.FromSeconds(15),
    });

    public void Dispose() => _connections.Dispose();
}
