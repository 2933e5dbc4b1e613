using Microsoft.Playwright;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Work;
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
        foreach (var agent in new[] { "ada", "bela", "chen" }) await muster.HeartbeatAsync(new HeartbeatRequest { Agent = agent, Role = "backend-engineer", Status = "idle" });
        await DoneAsync("ada", "The cart keeps its things over a night");
        await FailAsync("bela", "The payment provider's test account is closed.");
        await HeldAsync("ada", 35);
        await muster.AddTaskUpdateAsync("SHO-2", new AddTaskUpdate { Text = "The account is **open again**; see `docs/payment.md`." });
        await muster.CreateBudgetAsync(new CreateBudget { Scope = BudgetScopes.Fleet, Period = BudgetPeriods.Day, LimitUsd = 20 });
        await muster.CreateModelUsageAsync(new CreateModelUsage { Task = "SHO-1", Agent = "ada", Provider = "example", Model = "large-1", TokensIn = 120_000, TokensOut = 8_000, CostUsd = 3.4 });
        await muster.CreateModelUsageAsync(new CreateModelUsage { Task = "SHO-2", Agent = "bela", Provider = "example", Model = "small-1", TokensIn = 40_000, TokensOut = 2_000, CostUsd = 0.21 });
        await muster.CreateSnapshotAsync(new Muster.Contracts.Progress.CreateSnapshot { Project = "SHO" });
        Chat = "/chat/" + (await muster.SayAsync(new Contracts.Conversations.SayRequest { Text = "Add /v1/health that answers with status and version", Channel = "web" })).Conversation.Id;
        await DoneAsync("chen", "The address is kept, and asked for again when it changes");
        await muster.CreateSnapshotAsync(new Muster.Contracts.Progress.CreateSnapshot { Project = "SHO" });
    }

    public async ValueTask DisposeAsync() => await Stage.DisposeAsync();

    /// <summary>Signs a browser in by a link, as a person follows it.</summary>
    public async Task<IPage> SignInAsync(IBrowserContext context)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(Plane.Address, (await Plane.Client.CreateSignInLinkAsync()).Path).AbsoluteUri);
        await page.WaitForURLAsync(Plane.Address.AbsoluteUri);
        return page;
    }

    public async Task<ClaimedTask> ClaimAsync(string agent) => (await Plane.Client.ClaimTasksAsync(new ClaimRequest { Agent = agent, Max = 1 })).Tasks.Single();

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
