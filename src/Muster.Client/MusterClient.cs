using System.Net.Http.Headers;
using Muster.Client.Http;

namespace Muster.Client;

/// <summary>
/// Talks with a plane. One method per operation of the API, named as the operation. Safe for use from several threads.
/// Every method throws <see cref="MusterException"/> when the plane refuses (<see cref="LeaseLostException"/> when a lease is no
/// longer current) and <see cref="PlaneUnreachableException"/> when it cannot be reached.
/// </summary>
public sealed partial class MusterClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly Sender _sender;

    /// <summary>Makes a client; connects at the first call.</summary>
    public MusterClient(MusterClientOptions options)
    {
        if (!options.Server.IsAbsoluteUri || options.Server.Scheme is not ("http" or "https"))
        {
            throw new ArgumentException(
                $"The server \"{options.Server}\" is not an http or https address, such as http://127.0.0.1:7717.", nameof(options));
        }
        Options = options;
        _http = new HttpClient(options.Handler ?? NewHandler(options.Server), disposeHandler: options.Handler is null)
        {
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("muster-client", Version));
        _http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (!string.IsNullOrEmpty(options.Token))
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", options.Token);
        _sender = new Sender(_http, options);
    }

    /// <summary>The settings this client was made with.</summary>
    public MusterClientOptions Options { get; }

    /// <summary>Version of the SDK.</summary>
    public static string Version { get; } = typeof(MusterClient).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    /// <summary>Takes <c>MUSTER_SERVER</c> (default <c>http://127.0.0.1:7717</c>) and <c>MUSTER_TOKEN</c> from the environment.</summary>
    /// <exception cref="ArgumentException">MUSTER_SERVER is not an address.</exception>
    public static MusterClient FromEnvironment()
    {
        var server = Environment.GetEnvironmentVariable("MUSTER_SERVER");
        var address = MusterClientOptions.DefaultServer;
        if (!string.IsNullOrWhiteSpace(server) && !Uri.TryCreate(server, UriKind.Absolute, out address))
            throw new ArgumentException($"MUSTER_SERVER is \"{server}\"; it must be an address such as http://127.0.0.1:7717.");
        return new MusterClient(new MusterClientOptions { Server = address, Token = Environment.GetEnvironmentVariable("MUSTER_TOKEN") });
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _http.Dispose();

    internal static SocketsHttpHandler NewHandler(Uri server) => new()
    {
        // A redirect would carry the token to whatever address an answer names.
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = !server.IsLoopback,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    };
}
