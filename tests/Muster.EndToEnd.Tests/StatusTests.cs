using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;

namespace Muster.EndToEnd.Tests;

[Trait("req", "C6")]
public sealed class StatusTests
{
    /// <summary>It reads without types what everything else reads with them: both must say the same, past the first page too.</summary>
    [Fact]
    public async Task It_says_what_the_plane_says_of_everything()
    {
        await using var stage = new Stage();
        var up = await stage.UpAsync();
        Assert.Contains("No projects yet. Add one: muster project add PATH", await stage.DoAsync("status"), StringComparison.Ordinal);

        var repository = await Repository.CreateAsync(stage["code"]);
        await stage.DoAsync("project", "add", repository.Path, "--key", "FLT", "--name", "Fleet");
        await up.Client.CreateTaskAsync(new CreateTask { Project = "FLT", Title = "one", EstimateHours = 1.5 });
        foreach (var number in Enumerable.Range(0, 205)) await up.Client.CreateAgentAsync(new CreateAgent { Name = $"agent-{number}" });

        var text = await stage.DoAsync("status");
        Assert.Contains("205 agents, 0 at work", text, StringComparison.Ordinal);
        Assert.Matches(@"FLT +0% +0/1 +1 +0 +0 +0 +0/1\.5 +Fleet", text);

        var document = JsonDocument.Parse(await stage.DoAsync("status", "--json")).RootElement;
        var summary = await up.Client.GetProgressSummaryAsync();
        var read = document.GetProperty("projects").Deserialize<Contracts.Progress.ProjectProgress[]>(Wire.Json)!;
        Assert.Equal(JsonSerializer.Serialize(summary.Projects, Wire.Json), JsonSerializer.Serialize(read, Wire.Json));
        var names = document.GetProperty("agents").Deserialize<AgentInfo[]>(Wire.Json)!.Select(agent => agent.Name).ToList();
        Assert.Equal(205, names.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(["server", "projects", "agents", "hosts", "planes", "waitingForYou", "health", "at"], document.EnumerateObject().Select(part => part.Name));
    }
}
