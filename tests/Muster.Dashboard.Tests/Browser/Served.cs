using System.Text.Json;
using Microsoft.Playwright;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Tools;
using Muster.Contracts.Work;
using Muster.ControlPlane.Tests.Delivery;
using Muster.EndToEnd.Tests;

namespace Muster.Dashboard.Tests.Browser;

/// <summary>The real program with a plan in it, a bit of everything on every page, and agents that the test plays itself.</summary>
public sealed class Served : IAsyncLifetime
{
    public Stage Stage { get; } = new();

    public RunningMuster Plane { get; private set; } = null!;

    /// <summary>Where a conversation is.</summary>
    public string Chat { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        if (!Chromium.IsThere) return;
        Plane = await Stage.ServeAsync();
        var muster = Plane.Client;
        await muster.CreateProjectAsync(new CreateProject { Key = "SHO", Name = "shop", Contract = "" });
        await muster.ImportPlanAsync(new PlanRequest { Project = "SHO", Markdown = PlanText });
        foreach (var agent in new[] { "ada", "bela", "chen", "dora" }) await muster.HeartbeatAsync(new HeartbeatRequest { Agent = agent, Role = "backend-engineer", Status = "idle" });
        await DoneAsync("ada", "The cart keeps its things over a night");
        await FailAsync("bela", "The payment provider's test account is closed.");
        await HeldAsync("ada", 35);
        await muster.AddTaskUpdateAsync("SHO-2", new AddTaskUpdate { Text = "The account is **open again**; see `docs/payment.md`." });
        await muster.CreateBudgetAsync(new CreateBudget { Scope = BudgetScopes.Fleet, Period = BudgetPeriods.Day, LimitUsd = 20 });
        await muster.CreateModelUsageAsync(new CreateModelUsage { Task = "SHO-1", Agent = "ada", Provider = "example", Model = "large-1", TokensIn = 120_000, TokensOut = 8_000, CostUsd = 3.4 });
        await muster.CreateModelUsageAsync(new CreateModelUsage { Task = "SHO-2", Agent = "bela", Provider = "example", Model = "small-1", TokensIn = 40_000, TokensOut = 2_000, CostUsd = 0.21 });
        await muster.CreateSnapshotAsync(new Muster.Contracts.Progress.CreateSnapshot { Project = "SHO" });
        await muster.CreateToolAsync(Tool);
        await ReviewAsync();
        await muster.ProposeRoleAsync("technical-writer", new ProposeRole { Text = (await muster.GetRoleAsync("technical-writer")).Text + "\nWrite short sentences.\n", Why = "Readers get lost in long ones." });
        Chat = "/chat/" + (await muster.SayAsync(new Contracts.Conversations.SayRequest { Text = "Add /v1/health that answers with status and version", Channel = "web" })).Conversation.Id;
        await DoneAsync("chen", "The address is kept, and asked for again when it changes");
        await muster.CreateSnapshotAsync(new Muster.Contracts.Progress.CreateSnapshot { Project = "SHO" });
    }

    /// <summary>A repository with a change that waits for a person, and was looked at once.</summary>
    private async Task ReviewAsync()
    {
        var origin = Stage["reviewed"];
        Directory.CreateDirectory(origin);
        await GitShell.RunAsync(origin, "init", "-q", "-b", "main");
        await File.WriteAllTextAsync(Path.Combine(origin, "cart.cs"), Cart);
        await GitShell.RunAsync(origin, "add", "-A");
        await GitShell.RunAsync(origin, "commit", "-q", "-m", "Start");
        await Plane.Client.CreateProjectAsync(new CreateProject { Key = "REV", Name = "reviewed", Repository = origin });
        foreach (var title in new[] { "Count with tax", "Empty the cart", "Count by hand" }) await Plane.Client.CreateTaskAsync(new CreateTask { Project = "REV", Title = title, NeedsApproval = true, Contract = "commit + pr(merged)" });
        var (_, pull) = await HandInAsync("dora", "cart.cs", Cart.Replace("sum += price;", "sum += price * 1.2m;", StringComparison.Ordinal));
        await Plane.Client.CreateReviewAsync(pull.Id, new CreateReview { Verdict = Verdicts.Comment, HeadSha = pull.HeadSha, Comments = [new ReviewComment { Path = "cart.cs", Line = 6, Text = "Is tax the same **everywhere**?" }] });
    }

    public const string Cart = """
        static decimal Count(IEnumerable<decimal> prices)
        {
            var sum = 0m;
            foreach (var price in prices)
            {
                sum += price;
            }

            // What is counted is what is paid.
            return sum;
        }

        """;

    public async ValueTask DisposeAsync() => await Stage.DisposeAsync();

    /// <summary>Signs a browser in by a link, as a person follows it.</summary>
    public async Task<IPage> SignInAsync(IBrowserContext context)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(Plane.Address, (await Plane.Client.CreateSignInLinkAsync()).Path).AbsoluteUri);
        await page.ArrivesAtAsync(Plane.Address.AbsoluteUri);
        return page;
    }

    public async Task<ClaimedTask> ClaimAsync(string agent, string project = "SHO") => (await Plane.Client.ClaimTasksAsync(new ClaimRequest { Agent = agent, Max = 1, Projects = [project] })).Tasks.Single();

    /// <summary>What an agent does: it takes the next task of the repository, changes a file, pushes, hands in. Answers the task as it was given and the pull request.</summary>
    public async Task<(ClaimedTask Task, PullInfo Pull)> HandInAsync(string agent, string file, string content)
    {
        var claimed = await ClaimAsync(agent, "REV");
        var folder = Stage["work-" + claimed.Assignment.Id];
        var remote = new Uri(Plane.Address, claimed.Git!.Path).AbsoluteUri;
        await GitShell.RunAsync(Stage.Path, claimed.Lease, ["clone", "-q", remote, folder]);
        await File.WriteAllTextAsync(Path.Combine(folder, file), content);
        await GitShell.RunAsync(folder, "add", "-A");
        await GitShell.RunAsync(folder, "commit", "-q", "-m", "Work");
        await GitShell.RunAsync(folder, claimed.Lease, ["push", "-q", "--force", remote, $"HEAD:refs/heads/{claimed.Git.Branch}"]);
        var head = await GitShell.RunAsync(folder, "rev-parse", "HEAD");
        await Plane.Client.CompleteAssignmentAsync(claimed.Assignment.Id, new CompleteAssignment { HeadSha = head, Summary = "Done as asked" }, Client.CallOptions.ForLease(claimed.Lease));
        // The plane looks at the pushed commit itself before it opens the pull request.
        PullInfo? pull = null;
        await Until.HoldsAsync(async () => ((pull = (await Plane.Client.ListPullsAsync(task: claimed.Task.Key)).Items.SingleOrDefault()) is { State: PullState.Open } && pull.HeadSha == head, $"{claimed.Task.Key}: {pull?.State ?? "no pull request"}"), TimeSpan.FromSeconds(45));
        return (claimed, pull!);
    }

    public async Task DoneAsync(string agent, string summary)
    {
        var claimed = await ClaimAsync(agent);
        await Plane.Client.AppendAssignmentLogAsync(claimed.Assignment.Id, new AppendLog { Offset = 0, Text = "\u001b[32mok\u001b[0m 12 tests passed\n" }, Client.CallOptions.ForLease(claimed.Lease));
        await Plane.Client.CompleteAssignmentAsync(claimed.Assignment.Id, new CompleteAssignment { Summary = summary }, Client.CallOptions.ForLease(claimed.Lease));
    }

    private async Task FailAsync(string agent, string reason)
    {
        var claimed = await ClaimAsync(agent);
        await Plane.Client.FailAssignmentAsync(claimed.Assignment.Id, new FailAssignment { Reason = reason, Retry = false }, Client.CallOptions.ForLease(claimed.Lease));
    }

    private async Task HeldAsync(string agent, int percent)
    {
        var claimed = await ClaimAsync(agent);
        await Plane.Client.ReportAssignmentProgressAsync(claimed.Assignment.Id, new AssignmentProgress { PercentComplete = percent, Note = "half way" }, Client.CallOptions.ForLease(claimed.Lease));
    }

    private static ToolPackage Tool => new()
    {
        Manifest = new ToolManifest { Name = "count-words", Description = "Counts the words of a text.", Language = ToolLanguages.Python, InputSchema = Shape, OutputSchema = Shape, Permissions = new ToolPermissions { Files = ToolFiles.Read } },
        Source = "import json\nimport socket\n\nprint(json.dumps({}))\n",
        Tests = [new ToolTest { Name = "counts", Input = JsonDocument.Parse("{}").RootElement, Output = JsonDocument.Parse("{}").RootElement }],
    };

    private static JsonElement Shape => JsonDocument.Parse("""{"type":"object"}""").RootElement;

    private const string PlanText = """
        # Shop

        ## Epic 1: Buying (22 hours)

        ### 1.1 Keep the cart over a night (3 hours)
        ### 1.2 Take payment by card (8 hours)
        ### 1.3 Show prices with tax (4 hours)
        ### 1.4 Send a receipt (5 hours)
        Depends on: 1.2
        ### 1.5 Remember the address (2 hours)

        ## Epic 2: Selling more (12 hours)

        Blocked until Epic 1 reaches 50%.

        ### 2.1 Recommend what fits (8 hours)
        ### 2.2 A page of offers (4 hours)
        Depends on: 2.1
        """;
}
