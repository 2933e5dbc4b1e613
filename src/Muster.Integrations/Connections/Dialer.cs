using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Muster.Integrations.Connections;

/// <summary>Opens connections: within 5 seconds for address, TCP and TLS together (requirement B3), or not at all.</summary>
internal static class Dialer
{
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public static async Task<Socket> ConnectAsync(ServerAddress server, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server.Host, server.Port, ct);
            // Two ends of one port of our own: the server is away and the system chose its port for our side.
            if (Equals(socket.LocalEndPoint, socket.RemoteEndPoint)) throw new IOException($"{server} is not there.");
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public static async Task<SslStream> SecureAsync(Stream stream, ServerAddress server, CancellationToken ct)
    {
        var secure = new SslStream(stream);
        try
        {
            var options = new SslClientAuthenticationOptions { TargetHost = server.Host, EnabledSslProtocols = SslProtocols.None };
            if (server.AuthorityFile is { } file)
            {
                var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
                policy.CustomTrustStore.ImportFromPemFile(file);
                options.CertificateChainPolicy = policy;
            }

            await secure.AuthenticateAsClientAsync(options, ct);
            return secure;
        }
        catch
        {
            await secure.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether a connection can end like this without anything being wrong with us.</summary>
    public static bool IsLoss(Exception error) =>
        error is IOException or SocketException or AuthenticationException or ObjectDisposedException or OperationCanceledException or ProtocolException or InvalidOperationException { Source: "System.Net.Security" };

    /// <summary>What to tell people of a loss, without anything secret.</summary>
    public static string Explain(Exception error, ServerAddress server) => error switch
    {
        OperationCanceledException => $"{server} did not answer in time.",
        SocketException socket => $"{server}: {socket.Message}.",
        AuthenticationException tls => $"{server}: the certificate was not accepted: {tls.Message}",
        _ => $"{server}: {error.Message}",
    };
}

/// <summary>The other side said what its protocol does not allow, or refused us. The message may be shown.</summary>
public sealed class ProtocolException(string message) : Exception(message)
{
    /// <summary>It will say the same again until somebody changes a setting; trying often is no use.</summary>
    public bool IsRefusal { get; init; }
}
