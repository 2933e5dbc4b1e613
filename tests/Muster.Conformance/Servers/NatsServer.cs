namespace Muster.Conformance.Servers;

/// <summary>A real nats-server on a free loopback port; with JetStream when asked for, whose files outlive a kill.</summary>
public sealed class NatsServer : IAsyncDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly string _program = Programs.Require("nats-server", "nats-server");
    private readonly string[] _arguments;
    private ServerProcess? _process;

    private NatsServer(string configuration, bool jetStream, int? port)
    {
        Port = port ?? Ports.Free();
        var file = _folder.Write("nats.conf", $"listen: \"127.0.0.1:{Port}\"\n{(jetStream ? $"jetstream {{ store_dir: \"{JetStreamFolder}\" }}\n" : "")}{configuration}\n");
        _arguments = ["-c", file];
    }

    public int Port { get; }

    public string JetStreamFolder => _folder.File("jetstream");

    public ServerProcess Process => _process ?? throw new InvalidOperationException("The server was not started.");

    /// <param name="configuration">Further lines of its configuration file: authorization, tls, max_payload.</param>
    /// <param name="jetStream">Whether it keeps streams.</param>
    public static async Task<NatsServer> StartAsync(string configuration = "", bool jetStream = false)
    {
        var server = Stopped(configuration, jetStream);
        await server.RestartAsync();
        return server;
    }

    public static Task<NatsServer> StartTlsAsync(TestCertificate certificate) =>
        StartAsync($$"""tls { cert_file: "{{certificate.CertificateFile}}", key_file: "{{certificate.KeyFile}}" }""");

    /// <summary>One that is not there yet; <see cref="RestartAsync"/> starts it.</summary>
    public static NatsServer Stopped(string configuration = "", bool jetStream = false) => new(configuration, jetStream, null);

    /// <summary>Another that comes to the same port, once the one before has gone.</summary>
    public NatsServer Successor(string configuration = "", bool jetStream = false) => new(configuration, jetStream, Port);

    public async Task RestartAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _process = await ServerProcess.StartAsync(_program, _arguments, () => Ports.AnswersAsync(Port));
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _folder.Dispose();
    }
}
