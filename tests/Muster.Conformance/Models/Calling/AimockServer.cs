using System.Text.Json.Nodes;
using Muster.Conformance.Servers;

namespace Muster.Conformance.Models.Calling;

/// <summary>npm's aimock on a free port, with a few answers.</summary>
internal sealed class AimockServer : IAsyncDisposable
{
    private readonly ServerProcess _process;
    private readonly ScratchFolder _folder;

    private AimockServer(ServerProcess process, ScratchFolder folder, Uri address) => (_process, _folder, Address) = (process, folder, address);

    public Uri Address { get; }

    public static async Task<AimockServer> StartAsync()
    {
        var program = Program();
        var folder = new ScratchFolder();
        var answers = Path.Combine(folder.Path, "answers.json");
        await File.WriteAllTextAsync(answers, """
            {"fixtures":[
              {"match":{"userMessage":"hello","model":"gpt-4o"},"response":{"content":"Hello! How can I help you, 😀?"}},
              {"match":{"userMessage":"read it","model":"gpt-4o"},"response":{"toolCalls":[{"name":"read","arguments":{"path":"a b.txt"}}]}},
              {"match":{"userMessage":"router","model":"down/model"},"response":{"error":{"message":"Provider returned error","type":"server_error"},"status":503}},
              {"match":{"userMessage":"router","model":"openai/next"},"response":{"content":"from the next"}}
            ]}
            """);
        var port = Ports.Free();
        try
        {
            var process = await ServerProcess.StartAsync("node", [program, "-p", port.ToString(), "-f", answers, "--strict", "--log-level", "warn"], () => Ports.AnswersAsync(port));
            return new AimockServer(process, folder, new Uri($"http://127.0.0.1:{port}/"));
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public async Task<JsonArray> JournalAsync()
    {
        using var http = new HttpClient { BaseAddress = Address };
        return JsonNode.Parse(await http.GetStringAsync("__aimock/journal"))!.AsArray();
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private static string Program()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Muster.slnx"))) folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Not inside the repository.");
        var path = Path.Combine(folder, "tests", "tools", "models", "node_modules", "@copilotkit", "aimock", "dist", "cli.js");
        if (File.Exists(path)) return path;
        const string Why = "LEFT OUT: @copilotkit/aimock is not there. With Node and npm (Debian, Ubuntu: sudo apt-get install npm): npm ci --prefix tests/tools/models";
        Assert.False(Environment.GetEnvironmentVariable("CI") == "true", Why);
        Assert.Skip(Why);
        return "";
    }
}
