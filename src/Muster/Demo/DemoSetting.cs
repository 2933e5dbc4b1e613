using Muster.Client;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;

namespace Muster.Demo;

/// <summary>What the demo puts on the stage: its project, its plan, its crew.</summary>
internal static class DemoSetting
{
    /// <summary>The issue whose agent is killed: the long one.</summary>
    public const string KilledDuring = "1.3";
    public const string Environment = "dev";

    private static readonly (string Name, string Role)[] Crew =
        [("ada", "backend-engineer"), ("bela", "backend-engineer"), ("chen", "technical-writer"), ("dina", "backend-engineer")];

    public static string Samples { get; } = Path.Combine(AppContext.BaseDirectory, "samples");

    public static int CrewSize => Crew.Length;

    public static async Task<ProjectInfo> SetUpAsync(MusterClient muster, string repository, string? model, CancellationToken ct)
    {
        var project = await muster.CreateProjectAsync(new CreateProject { Key = "HEL", Name = "hello-service", Repository = repository, TargetBranch = DemoRepository.Branch, PushBack = true }, ct: ct);
        foreach (var (name, role) in Crew)
        {
            await muster.CreateAgentAsync(new CreateAgent
            {
                Name = name,
                Role = role,
                Model = model,
                Host = LocalHost.Name,
                Definition = new AgentDefinition { Executor = Executors.Builtin },
            }, ct: ct);
        }

        await muster.ImportPlanAsync(new PlanRequest { Markdown = await File.ReadAllTextAsync(Path.Combine(Samples, "demo", "plan.md"), ct), Project = project.Key }, ct: ct);
        return project;
    }

    /// <summary>A host is known to the plane from its first heartbeat on.</summary>
    public static async Task AwaitHostAsync(MusterClient muster, Task host, CancellationToken ct)
    {
        while ((await muster.ListHostsAsync(limit: 1, ct: ct)).Items.Count == 0)
        {
            if (host.IsCompleted) await host;
            await Task.Delay(TimeSpan.FromMilliseconds(30), ct);
        }
    }
}
