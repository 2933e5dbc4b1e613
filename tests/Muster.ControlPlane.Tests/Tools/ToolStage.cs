using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Tools;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests.Tools;

/// <summary>A plane with a host whose word the test gives, and an agent at work.</summary>
internal sealed class ToolStage : IAsyncDisposable
{
    private ToolStage(TestPlane plane) => Plane = plane;

    public TestPlane Plane { get; }

    public static async Task<ToolStage> StartAsync()
    {
        var stage = new ToolStage(await TestPlane.StartAsync());
        await stage.Plane.ProjectAsync();
        await stage.Plane.PostAsync<HostHeartbeatAnswer>(Routes.HostHeartbeat, new HostHeartbeatRequest { Host = "box", Cores = 2, MemoryBytes = 1L << 32, Capacity = 2 });
        return stage;
    }

    public static ToolPackage Package(string name = "word-count", string source = "exit 0", ToolPermissions? permissions = null) => new()
    {
        Manifest = new ToolManifest
        {
            Name = name,
            Description = "Counts words.",
            Language = ToolLanguages.Shell,
            InputSchema = Json("""{"type":"object","properties":{"text":{"type":"string"}},"required":["text"],"additionalProperties":false}"""),
            OutputSchema = Json("""{"type":"object","properties":{"words":{"type":"integer"}},"required":["words"]}"""),
            Permissions = permissions ?? new ToolPermissions(),
        },
        Source = source,
        Tests = [new ToolTest { Name = "two", Input = Json("""{"text":"a b"}"""), Output = Json("""{"words":2}""") }],
    };

    public static JsonElement Json(string text) => JsonSerializer.Deserialize<JsonElement>(text);

    public Task<ToolInfo> AddAsync(ToolPackage package, string? lease = null) => Plane.PostAsync<ToolInfo>(Routes.Tools, package, lease);

    public Task<ToolVersionInfo> AddVersionAsync(ToolPackage package) => Plane.PostAsync<ToolVersionInfo>(Routes.With(Routes.ToolVersions, package.Manifest.Name), package);

    public async Task<ClaimedToolJob?> ClaimJobAsync(string host = "box") => (await Plane.PostAsync<ToolJobAnswer>(Routes.ToolJobsClaim, new ToolJobClaim { Host = host })).Job;

    /// <summary>What the host says of the tests that wait longest.</summary>
    public async Task TestedAsync(bool passed = true)
    {
        var job = await ClaimJobAsync();
        Assert.NotNull(job);
        await ReportAsync(job, new ToolJobReport { Hash = ToolHash.Of(job.Package), Results = [.. job.Package.Tests.Select(test => new ToolTestResult(test.Name, passed, passed ? null : "It gave {}", 5))] });
    }

    public async Task ReportAsync(ClaimedToolJob job, ToolJobReport report)
    {
        using var response = await Plane.RawAsync(HttpMethod.Post, Routes.With(Routes.ToolJobReport, job.Id), report, job.Lease);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    public Task<ToolInfo> ReadAsync(string name = "word-count") => Plane.GetAsync<ToolInfo>(Routes.With(Routes.Tool, name));

    public Task<ToolVersionInfo> ReadAsync(string name, int version) => Plane.GetAsync<ToolVersionInfo>(Routes.With(Routes.ToolVersion, name, $"{version}"));

    public Task<List<OfferedTool>> OfferedAsync() => Plane.GetAsync<List<OfferedTool>>(Routes.ToolsOffered);

    public async Task<ClaimedTask> HoldAsync(string agent = "ada")
    {
        await Plane.BeatAsync(agent);
        await Plane.TaskAsync($"work of {agent}");
        return Assert.Single(await Plane.ClaimAsync(agent));
    }

    public Task<StartedToolCall> StartAsync(ClaimedTask held, string name = "word-count") => Plane.PostAsync<StartedToolCall>(Routes.With(Routes.ToolCalls, name), new StartToolCall { InputBytes = 10 }, held.Lease);

    public async Task CallAsync(ClaimedTask held, string outcome)
    {
        var call = await StartAsync(held);
        await Plane.PatchAsync<ToolCallInfo>(Routes.With(Routes.ToolCall, call.Id), new EndToolCall { Outcome = outcome, Detail = outcome == ToolOutcomes.Ok ? null : $"it was {outcome}", Milliseconds = 7, OutputBytes = 11 }, held.Lease);
    }

    public async ValueTask DisposeAsync() => await Plane.DisposeAsync();
}
