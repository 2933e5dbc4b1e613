using System.Net;
using System.Net.Sockets;
using System.Text;
using Muster.Runner.Processes;

namespace Muster.Runner.Deployments;

/// <summary>One running version on a port of its own.</summary>
internal sealed class Instance : IAsyncDisposable
{
    private const int BodyLimit = 4096;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly ProcessGroup _process;
    private readonly string _marker;

    private Instance(ProcessGroup process, int port, string marker)
    {
        _process = process;
        _marker = marker;
        Port = port;
    }

    public int Port { get; }
    public Task<ProcessExit> Exit => _process.Exit;

    /// <exception cref="ProgramNotFoundException">The release folder is gone.</exception>
    public static Instance Start(DeployRequest request, string folder, string marker, Action<string> onLine)
    {
        var port = FreePort();
        var own = $"{marker}/serve-{request.Definition.Environment}-{port}";
        var spec = new ProcessSpec
        {
            FileName = "/bin/sh",
            Arguments = ["-c", request.Definition.Command],
            WorkingDirectory = folder,
            Environment = ChildEnvironment.Create(own, [
                .. ReleaseFolder.InstanceEnvironment(request),
                new("PORT", $"{port}"),
                new("DOTNET_NOLOGO", "1"),
                new("DOTNET_CLI_TELEMETRY_OPTOUT", "1"),
            ]),
            OnLine = onLine,
        };
        return new Instance(ProcessGroup.Start(spec), port, own);
    }

    /// <summary>Asks until it answers 2xx, the time is over, or the process has ended.</summary>
    public async Task<HealthAnswer> WaitHealthyAsync(string path, TimeSpan limit, CancellationToken cancellation)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false };
        using var http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(5), MaxResponseContentBufferSize = 1024 * 1024 };
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        over.CancelAfter(limit);
        var answer = new HealthAnswer(null, "no answer yet");
        var pause = TimeSpan.FromMilliseconds(50);
        while (!over.IsCancellationRequested)
        {
            // What it once said tells more than that it did not answer the last time.
            if (await AskAsync(http, path, over.Token) is { } now && (now.Status is not null || answer.Status is null)) answer = now;
            if (answer.Ok) return answer;
            await Task.WhenAny(Exit, Task.Delay(pause, over.Token));
            if (Exit.IsCompleted) return new HealthAnswer(answer.Status, $"the process {await Exit} before it was healthy");
            pause = TimeSpan.FromMilliseconds(Math.Min(1000, pause.TotalMilliseconds * 1.5));
        }

        cancellation.ThrowIfCancellationRequested();
        return answer;
    }

    public async ValueTask DisposeAsync()
    {
        await _process.StopAsync(Grace);
        await _process.DisposeAsync();
        await MarkedProcesses.KillAsync(_marker);
    }

    private async Task<HealthAnswer?> AskAsync(HttpClient http, string path, CancellationToken cancellation)
    {
        try
        {
            var address = new Uri($"http://127.0.0.1:{Port}/{path.TrimStart('/')}");
            using var response = await http.GetAsync(address, cancellation);
            // Not by the character set that it names: that may be none that we know.
            var body = Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(cancellation));
            return new HealthAnswer((int)response.StatusCode, body.Length <= BodyLimit ? body : body[..BodyLimit]);
        }
        catch (HttpRequestException error)
        {
            return new HealthAnswer(null, error.Message);
        }
        catch (OperationCanceledException)
        {
            // This try took too long, or the whole time is over; what an earlier try brought still says more.
            return null;
        }
    }

    /// <summary>
    /// A port that nobody listens on, below the range from which systems take ports for outgoing connections: until its server
    /// listens, nothing takes it, not even whoever asks there whether it is up yet.
    /// </summary>
    private static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(15_000, 32_000);
            if (!IsTaken(port)) return port;
        }
    }

    /// <summary>Whether somebody listens on a port.</summary>
    public static bool IsTaken(int port)
    {
        try
        {
            using var probe = new TcpListener(IPAddress.Loopback, port);
            probe.Start();
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
