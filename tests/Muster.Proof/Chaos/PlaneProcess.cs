using System.Text.Json;

namespace Muster.Proof.Chaos;

/// <summary>The plane under test: the real <c>muster serve</c>, or the real plane with a planted bug. Started again on its own port.</summary>
internal sealed class PlaneProcess(string folder, ChaosOptions options) : IAsyncDisposable
{
    private Child? _child;
    private int _port;

    public Uri Address { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>The owner's.</summary>
    public string Token { get; private set; } = "";

    public string Data { get; } = Path.Combine(folder, "data");

    public Child Process => _child ?? throw new InvalidOperationException("The plane was not started.");

    public async Task StartAsync()
    {
        string[] command = options.Plant is { } plant
            ? ["dotnet", Child.Proof, "plane", "--data", Data, "--port", $"{_port}", "--plant", $"{plant}"]
            : ["dotnet", Child.Muster, "serve", "--data", Data, "--port", $"{_port}", "--json"];
        _child = Child.Start(folder, "plane", command);
        // The first line comes when requests are served.
        var line = await _child.Output.ReadLineAsync();
        if (line is null)
        {
            var code = await _child.StopAsync(TimeSpan.FromSeconds(5));
            throw new InvalidOperationException($"The plane ended at its start with exit code {code}: {Tail(Path.Combine(folder, "plane.err"))}");
        }

        var welcome = JsonDocument.Parse(line).RootElement;
        Address = new Uri(welcome.GetProperty("address").GetString()!);
        _port = Address.Port;
        Token = welcome.TryGetProperty("token", out var token) && token.ValueKind == JsonValueKind.String ? token.GetString()!
            : JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Data, "server.json"))).RootElement.GetProperty("token").GetString()!;
    }

    public async ValueTask DisposeAsync()
    {
        if (_child is not null) await _child.DisposeAsync();
    }

    private static string Tail(string file) => File.Exists(file) ? string.Join('\n', File.ReadLines(file).TakeLast(20)) : "it said nothing";
}
