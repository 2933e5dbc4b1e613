using System.Diagnostics;
using System.Reflection;
using ModelContextProtocol.Client;

namespace Muster.EndToEnd.Tests;

/// <summary>
/// A person's home for one test: an own configuration and data folder, the real executable, and at the end the proof that
/// no process is left behind.
/// </summary>
public sealed class Stage : IAsyncDisposable
{
    private static readonly string Program = typeof(Stage).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(one => one.Key == "Muster").Value!;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);
    private readonly List<RunningMuster> _running = [];
    private readonly List<RunningHost> _hosts = [];

    /// <summary>What every program that is started has in its environment beside our own.</summary>
    public Dictionary<string, string> Environment { get; } = new(StringComparer.Ordinal);

    public string Path { get; } = Directory.CreateTempSubdirectory("muster-e2e-").FullName;

    public string Data => this["data"];

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Runs a command to its end.</summary>
    public async Task<Ended> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException late)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"muster {string.Join(' ', arguments)} did not end in {Patience}.\n{await output}\n{await error}", late);
        }

        return new Ended(process.ExitCode, await output, await error);
    }

    /// <summary>Runs a command that must succeed; answers what it printed.</summary>
    public async Task<string> DoAsync(params string[] arguments)
    {
        var ended = await RunAsync(arguments);
        Assert.True(ended.Code == 0, $"muster {string.Join(' ', arguments)}: exit code {ended.Code}\n{ended.Output}\n{ended.Error}");
        return ended.Output;
    }

    /// <summary>Begins a command that the test ends itself.</summary>
    public Process Begin(params string[] arguments) => Start(arguments);

    /// <summary><c>muster up</c> on this stage's data folder, ready for requests.</summary>
    public async Task<RunningMuster> UpAsync(int port = 0, params string[] more)
    {
        var up = await RunningMuster.StartAsync(Start(["up", "--port", $"{port}", "--data", Data, "--capacity", "8", "--json", .. more]));
        _running.Add(up);
        return up;
    }

    /// <summary><c>muster serve</c>: the plane alone, on this stage's data folder or another, perhaps below another program.</summary>
    public async Task<RunningMuster> ServeAsync(int port = 0, string? data = null, params string[] below)
    {
        var plane = await RunningMuster.StartAsync(Start(["serve", "--port", $"{port}", "--data", data ?? Data, "--json"], below));
        _running.Add(plane);
        return plane;
    }

    /// <summary><c>muster host</c>: the host daemon alone, which finds the plane by itself.</summary>
    public RunningHost StartHost()
    {
        var host = new RunningHost(Start(["host", "--data", Data, "--capacity", "8", "--json"]), this["data/host"]);
        _hosts.Add(host);
        return host;
    }

    /// <summary>An empty file by which scripts and tests tell each other that something has happened.</summary>
    public void Mark(string name) => File.WriteAllBytes(this[name], []);

    public bool Marked(string name) => File.Exists(this[name]);

    public Task MarkedAsync(string name, TimeSpan patience) =>
        Until.HoldsAsync(() => Task.FromResult((Marked(name), $"nobody made '{name}'")), patience);

    /// <summary>Writes a program; <c>$STAGE</c> in it is this stage's folder.</summary>
    public async Task<string> WriteScriptAsync(string name, string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        await File.WriteAllTextAsync(this[name], text.Replace("$STAGE", Path, StringComparison.Ordinal));
        File.SetUnixFileMode(this[name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return this[name];
    }

    public async ValueTask DisposeAsync()
    {
        // A test that failed lets go of what it held up.
        foreach (var hold in Directory.GetFiles(Path, "hold-*")) File.Delete(hold);
        foreach (var one in _hosts) await one.DisposeAsync();
        foreach (var one in _running) await one.DisposeAsync();
        // A plane that was killed with -9 at the very end could not end its agents; the next daemon's work is done here.
        var left = await Leftovers.GoneAsync(Path);
        try
        {
            Assert.True(left.Count == 0, $"Processes were left behind: {string.Join("; ", left)}");
        }
        finally
        {
            Directory.Delete(Path, recursive: true);
        }
    }

    /// <summary>The program as a server of MCP, started by the client as an editor starts it.</summary>
    public Task<McpClient> McpAsync(params string[] arguments)
    {
        var start = Prepare(arguments, []);
        return McpClient.CreateAsync(new StdioClientTransport(new StdioClientTransportOptions
        {
            Command = start.FileName,
            Arguments = [.. start.ArgumentList],
            EnvironmentVariables = start.Environment.ToDictionary(StringComparer.Ordinal),
            WorkingDirectory = Path,
        }));
    }

    private Process Start(string[] arguments, params string[] below) => Process.Start(Prepare(arguments, below))!;

    private ProcessStartInfo Prepare(string[] arguments, string[] below)
    {
        string[] all = [.. below, "dotnet", Program, .. arguments];
        var start = new ProcessStartInfo(all[0])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path,
        };
        foreach (var argument in all[1..]) start.ArgumentList.Add(argument);
        start.Environment["XDG_CONFIG_HOME"] = this["config"];
        start.Environment["XDG_DATA_HOME"] = this["share"];
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MUSTER_", StringComparison.Ordinal)).ToList()) start.Environment.Remove(name);
        foreach (var (name, value) in Environment) start.Environment[name] = value;
        return start;
    }
}

/// <summary>A command that has ended.</summary>
public sealed record Ended(int Code, string Output, string Error);
