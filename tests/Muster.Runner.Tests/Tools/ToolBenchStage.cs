using System.Text.Json;
using Muster.Contracts.Tools;
using Muster.Runner.Sandbox;
using Muster.Runner.Tools;

namespace Muster.Runner.Tests.Tools;

/// <summary>A bench with the real sandbox, for tools that mean no good. Needs bubblewrap: apt install bubblewrap.</summary>
internal sealed class ToolBenchStage : IDisposable
{
    private readonly TempFolder _data = new();

    private ToolBenchStage(CommandSandbox sandbox)
    {
        Assert.True(sandbox.Works, sandbox.Statement);
        Bench = new ToolBench(new HostFolders(_data.Path), sandbox, Marker);
        Runner = new ToolRunner(Bench, isApproved: true);
    }

    public string Marker { get; } = $"tools-{Guid.NewGuid():n}";

    public ToolBench Bench { get; }

    public ToolRunner Runner { get; }

    public TempFolder Workspace { get; } = new();

    public static async Task<ToolBenchStage> StartAsync() => new(await CommandSandbox.DetectAsync(CancellationToken.None));

    public static ToolPackage Package(string language, string source, Func<ToolManifest, ToolManifest>? change = null)
    {
        var manifest = new ToolManifest
        {
            Name = "tried",
            Description = "A tool that is tried out.",
            Language = language,
            InputSchema = Json("""{"type":"object"}"""),
            OutputSchema = Json("""{"type":"object","properties":{"said":{"type":"string"}}}"""),
            Limits = new ToolLimits { Seconds = 20, OutputBytes = 10_000, MemoryMb = 256 },
        };
        return new ToolPackage { Manifest = change?.Invoke(manifest) ?? manifest, Source = source, Tests = [new ToolTest { Name = "one", Input = Json("{}"), Output = Json("""{"said":"hello"}""") }] };
    }

    public static JsonElement Json(string text) => JsonSerializer.Deserialize<JsonElement>(text);

    public async Task<ToolOutcome> RunAsync(string language, string source, string input = "{}", Func<ToolManifest, ToolManifest>? change = null)
    {
        var package = Package(language, source, change);
        var ready = await Bench.PrepareAsync(package, ToolHash.Of(package), CancellationToken.None);
        return await Runner.RunAsync(ready, Json(input), Workspace.Path, CancellationToken.None);
    }

    public void Dispose()
    {
        Bench.Dispose();
        Workspace.Dispose();
        _data.Dispose();
    }
}
