using System.Net.Sockets;

namespace Muster.Conformance.Servers;

/// <summary>A real redis-server on a free loopback port, without persistence: what it knew is gone when it is killed.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly string _program;
    private readonly string[] _arguments;
    private ServerProcess? _process;

    private RedisServer(string program, string[] arguments, bool tls)
    {
        _program = program;
        Port = Ports.Free();
        _arguments = [tls ? "--tls-port" : "--port", $"{Port}", .. tls ? ["--port", "0"] : Array.Empty<string>(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", _folder.Path, .. arguments];
    }

    public int Port { get; }

    public ServerProcess Process => _process ?? throw new InvalidOperationException("The server was not started.");

    public static async Task<RedisServer> StartAsync(params string[] arguments)
    {
        var server = Stopped(arguments);
        await server.RestartAsync();
        return server;
    }

    /// <summary>With a certificate; plain connections are not taken.</summary>
    public static async Task<RedisServer> StartTlsAsync(TestCertificate certificate)
    {
        var server = new RedisServer(Programs.Require("redis-server", "redis-server"),
            ["--tls-cert-file", certificate.CertificateFile, "--tls-key-file", certificate.KeyFile, "--tls-ca-cert-file", certificate.AuthorityFile, "--tls-auth-clients", "no"], tls: true);
        await server.RestartAsync();
        return server;
    }

    /// <summary>One that is not there yet; <see cref="RestartAsync"/> starts it.</summary>
    public static RedisServer Stopped(params string[] arguments) => new(Programs.Require("redis-server", "redis-server"), arguments, tls: false);

    public async Task RestartAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _process = await ServerProcess.StartAsync(_program, _arguments, () => Ports.AnswersAsync(Port));
    }

    /// <summary>Says something to it in its own inline protocol, past our client; answers the first line.</summary>
    public async Task<string> SayAsync(string command)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(System.Net.IPAddress.Loopback, Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(command + "\r\n"));
        using var reader = new StreamReader(stream);
        return await reader.ReadLineAsync() ?? "";
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _folder.Dispose();
    }
}
