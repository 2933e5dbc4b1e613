using System.Diagnostics;
using System.Text.Json;
using Muster.Bench.Measure;
using Muster.Bench.Wire;

namespace Muster.Bench.Servers;

/// <summary>A real <c>muster serve</c> in a process of its own.</summary>
internal sealed class Plane : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Child _child;

    private Plane(Child child, Uri address, string token, TimeSpan startToReady) => (_child, Address, Token, StartToReady) = (child, address, token, startToReady);

    public Uri Address { get; }
    public string Token { get; }

    /// <summary>From the start of the process to its first 200 at /health/ready.</summary>
    public TimeSpan StartToReady { get; }

    /// <summary>The built executable beside this program's own build.</summary>
    public static string Program { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../Muster/release/muster.dll"));

    public Usage Usage() => _child.Usage();

    public int Pid => _child.Pid;

    /// <param name="data">Its data folder, seeded or empty.</param>
    /// <param name="store">Address of its store; null for the embedded one.</param>
    /// <param name="ct">Ends the start.</param>
    public static async Task<Plane> StartAsync(string data, string? store, CancellationToken ct)
    {
        if (!File.Exists(Program)) throw new FileNotFoundException($"{Program} is not built; run `./muster --version` once.");
        var said = Path.Combine(data, "server.json");
        File.Delete(said);
        string[] arguments = [Program, "serve", "--data", data, "--port", "0", .. store is null ? (string[])[] : ["--store", store]];
        var started = Stopwatch.GetTimestamp();
        // The person's own saved addresses and tokens stay as they are.
        var child = Child.Start("dotnet", arguments, new Dictionary<string, string> { ["XDG_CONFIG_HOME"] = data });
        child.Drain();
        try
        {
            while (true)
            {
                ct.ThrowIfCancellationRequested();
                if (child.HasEnded || Stopwatch.GetElapsedTime(started) > StartLimit) throw new InvalidOperationException($"muster serve did not start: {child.Complaints}");
                if (await ReadyAsync(said, child.Pid, ct) is { } at) return new Plane(child, at.Address, at.Token, Stopwatch.GetElapsedTime(started));
                await Task.Delay(2, ct);
            }
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    public Task<Connection> ConnectAsync(CancellationToken ct) => Connection.OpenAsync(Address, ct);

    public ValueTask DisposeAsync() => _child.DisposeAsync();

    private static async Task<(Uri Address, string Token)?> ReadyAsync(string said, int pid, CancellationToken ct)
    {
        if (!File.Exists(said)) return null;
        JsonElement server;
        try
        {
            server = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(said, ct));
        }
        catch (JsonException)
        {
            // Half written; it is whole at the next look.
            return null;
        }

        if (server.GetProperty("pid").GetInt32() != pid) return null;
        var address = new Uri(server.GetProperty("address").GetString()!);
        using var connection = await Connection.OpenAsync(address, ct);
        var answer = await connection.SendAsync(Request.Get("/health/ready", ""), ct);
        return answer.Status == 200 ? (address, server.GetProperty("token").GetString()!) : null;
    }
}
