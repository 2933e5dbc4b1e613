using Microsoft.Playwright;
using Muster.Contracts.Delivery;
using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Work;
using Muster.EndToEnd.Tests;

namespace Muster.Dashboard.Tests.Browser;

/// <summary>What people decide and move in a browser, with the real program behind it.</summary>
public sealed class DeedTests(Served served, Chromium chromium) : IClassFixture<Served>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    [Fact(SkipUnless = nameof(Chromium.IsThere), SkipType = typeof(Chromium), Skip = Chromium.Missing)]
    [Trait("req", "A12")]
    public async Task A_change_goes_back_with_words_at_its_lines_comes_again_and_is_merged_by_one_of_two_who_say_yes()
    {
        var muster = served.Plane.Client;
        await using var context = await chromium.OpenAsync();
        var page = await served.SignInAsync(context);
        List<string> errors = [];
        page.PageError += (_, error) => errors.Add(error);
        await page.GotoAsync(At("/reviews/REV/1"));
        await Assertions.Expect(page.Locator("tr.note")).ToContainTextAsync("Is tax the same everywhere?");

        // The keyboard alone: from number to number, open, write; the mouse for another; sent together.
        await page.GetByRole(AriaRole.Button, new() { Name = "Comment on line 5" }).FocusAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("Enter");
        await page.Keyboard.TypeAsync("Take the rate from the country");
        await page.GetByRole(AriaRole.Button, new() { Name = "Comment on line 9" }).ClickAsync();
        await page.GetByLabel("Comment on line 9", new() { Exact = true }).And(page.Locator("textarea")).FillAsync("Round here");
        // What happens meanwhile takes nothing away.
        await muster.CreateReviewAsync("REV!1", new CreateReview { Verdict = Verdicts.Comment, HeadSha = (await muster.GetPullAsync("REV!1")).HeadSha, Body = "I look, too" });
        await Assertions.Expect(page.Locator("#r-brief")).ToContainTextAsync("I look, too");
        await Assertions.Expect(page.Locator("tr.draft")).ToHaveCountAsync(2);
        // The page hears of it before the answer is there.
        var late = new TaskCompletionSource();
        await page.RouteAsync("**", async route =>
        {
            if (route.Request.Method != "POST")
            {
                await route.ContinueAsync();
                return;
            }

            var answer = await route.FetchAsync();
            await late.Task;
            await route.FulfillAsync(new RouteFulfillOptions { Response = answer });
        });
        await page.Keyboard.PressAsync("Control+Enter");
        await Assertions.Expect(page.Locator("#r-brief .state").First).ToContainTextAsync("changes");
        late.SetResult();
        await Assertions.Expect(page.GetByText("REV!1 is sent back")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("tr.draft")).ToHaveCountAsync(0);
        Assert.Empty(errors);

        var (again, pull) = await served.HandInAsync("dora", "cart.cs", Served.Cart.Replace("return sum;", "return decimal.Round(sum, 2);", StringComparison.Ordinal));
        Assert.Equal([(6, "Take the rate from the country"), (9, "Round here")], again.Previous!.Comments!.Select(c => (c.Line!.Value, c.Text)));

        // Two look at the same time; the page of the second does not hear of the first.
        await using var elsewhere = await chromium.OpenAsync();
        var other = await served.SignInAsync(elsewhere);
        await other.RouteAsync("**/live**", route => route.AbortAsync());
        await other.GotoAsync(At("/reviews/REV/1"));
        await page.GotoAsync(At("/reviews/REV/1"));
        // The answer is late again, and older than what the page shows by then: it must not stay.
        late = new TaskCompletionSource();
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await Until.HoldsAsync(async () => await muster.GetPullAsync(pull.Id) is { State: PullState.Merged } ? (true, "") : (false, (await muster.ExplainTaskAsync("REV-1")).Sentence), Patience);
        await Assertions.Expect(page.Locator("#r-brief .state").First).ToContainTextAsync("merged");
        late.SetResult();
        await Assertions.Expect(page.GetByText("REV!1 is approved")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#r-brief .state").First).ToContainTextAsync("merged");
        await other.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await Assertions.Expect(other.Locator("[role=alert]").First).ToContainTextAsync("there is nothing left to review");
        Assert.Single((await muster.GetPullAsync(pull.Id)).Reviews, r => r.Verdict == Verdicts.Approve);
    }

    [Fact(SkipUnless = nameof(Chromium.IsThere), SkipType = typeof(Chromium), Skip = Chromium.Missing)]
    [Trait("req", "B8")]
    public async Task Cards_are_dragged_and_typed_to_another_priority_and_what_is_done_to_many_is_undone()
    {
        var muster = served.Plane.Client;
        await using var context = await chromium.OpenAsync();
        var page = await served.SignInAsync(context);
        await page.GotoAsync(At("/board?project=SHO"));
        var grip = (await page.Locator("#t-SHO-6").BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(grip.X + (grip.Width / 2), grip.Y + (grip.Height / 2));
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(grip.X + (grip.Width / 2), grip.Y + (grip.Height / 2) + 20, new() { Steps = 4 });
        // What comes meanwhile is drawn, and where it can be dropped stays to be seen.
        var title = (await muster.GetTaskAsync("SHO-7")).Title;
        await muster.UpdateTaskAsync("SHO-7", new UpdateTask { Title = title + " meanwhile" });
        await Assertions.Expect(page.Locator("#t-SHO-7")).ToContainTextAsync("meanwhile");
        await page.Locator(".band[data-priority='1']").HoverAsync();
        await page.Mouse.UpAsync();
        await Assertions.Expect(page.GetByText("At priority 1 now: SHO-6")).ToBeVisibleAsync();
        await muster.UpdateTaskAsync("SHO-7", new UpdateTask { Title = title });
        await page.Locator("#t-SHO-7 a").First.FocusAsync();
        await page.Keyboard.PressAsync("2");
        await Assertions.Expect(page.Locator(".band[data-priority='2'] #t-SHO-7")).ToBeVisibleAsync();
        Assert.Equal((1, 2), ((await muster.GetTaskAsync("SHO-6")).Priority, (await muster.GetTaskAsync("SHO-7")).Priority));

        await page.GetByLabel("Select SHO-6").CheckAsync();
        await page.GetByLabel("Select SHO-7").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel them" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Cancelled: SHO-6, SHO-7")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Undone for SHO-6, SHO-7")).ToBeVisibleAsync();
        Assert.Equal((TaskState.Pending, TaskState.Pending), ((await muster.GetTaskAsync("SHO-6")).Status, (await muster.GetTaskAsync("SHO-7")).Status));
    }

    [Fact(SkipUnless = nameof(Chromium.IsThere), SkipType = typeof(Chromium), Skip = Chromium.Missing)]
    [Trait("req", "C4")]
    public async Task A_plan_that_is_dropped_is_looked_at_and_then_taken()
    {
        var muster = served.Plane.Client;
        await muster.CreateProjectAsync(new CreateProject { Key = "DRO", Name = "dropped", Contract = "" });
        await using var context = await chromium.OpenAsync();
        var page = await served.SignInAsync(context);
        await page.GotoAsync(At("/plan/DRO"));
        // A file from the desktop, on the plan itself.
        await page.EvaluateAsync("""
            () => { const drop = new DataTransfer(); drop.items.add(new File(["## Epic 1: Buying (3 hours)\n- [ ] 1.1 Keep the cart (3h)\n"], "plan.md"));
                    document.querySelector("main").dispatchEvent(new DragEvent("drop", { dataTransfer: drop, bubbles: true, cancelable: true })); }
            """);
        await page.GetByRole(AriaRole.Button, new() { Name = "Take these 1 task" }).ClickAsync();
        await Assertions.Expect(page.GetByText("1 epic and 1 task added to DRO")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Plan");
    }

    [Fact(SkipUnless = nameof(Chromium.IsThere), SkipType = typeof(Chromium), Skip = Chromium.Missing)]
    [Trait("req", "B7")]
    public async Task What_a_budget_holds_up_goes_on_when_a_person_raises_it()
    {
        var muster = served.Plane.Client;
        await muster.CreateProjectAsync(new CreateProject { Key = "BUD", Name = "budgeted", Contract = "" });
        await muster.CreateTaskAsync(new CreateTask { Project = "BUD", Title = "Write the long report" });
        await muster.HeartbeatAsync(new HeartbeatRequest { Agent = "finn" });
        await muster.CreateBudgetAsync(new CreateBudget { Scope = BudgetScopes.Task, Subject = "BUD-1", LimitUsd = 1 });
        await using var context = await chromium.OpenAsync();
        var page = await served.SignInAsync(context);
        await Assertions.Expect(page.Locator("body[data-connected]")).ToHaveCountAsync(1);

        // What its model cost is more than it may cost: the agent hands the task back, and it waits.
        var claimed = await served.ClaimAsync("finn", "BUD");
        var lease = Client.CallOptions.ForLease(claimed.Lease);
        await muster.CreateModelUsageAsync(new CreateModelUsage { Provider = "example", Model = "large-1", TokensIn = 9000, TokensOut = 900, CostUsd = 1.2 }, lease);
        await muster.ReleaseAssignmentAsync(claimed.Assignment.Id, new ReleaseAssignment { Reason = "The budget is used up", WaitFor = WaitingCodes.Budget, WaitSeconds = 900 }, lease);
        var notice = page.Locator(".decision", new() { HasText = "BUD-1 used $1.20 of $1.00" });
        await Assertions.Expect(notice).ToContainTextAsync("120%");
        await page.GotoAsync(At("/board?project=BUD"));
        await Assertions.Expect(page.Locator("#t-BUD-1")).ToContainTextAsync("A budget for models is used up");

        await page.GotoAsync(At("/"));
        await notice.GetByLabel("New limit in dollars").FillAsync("5");
        await notice.GetByRole(AriaRole.Button, new() { Name = "Change the limit" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The limit is changed: $1.20 of $5.00 used")).ToBeVisibleAsync();
        await Assertions.Expect(notice).ToHaveCountAsync(0);
        Assert.Equal("BUD-1", (await served.ClaimAsync("finn", "BUD")).Task.Key);
        await Assertions.Expect(page.Locator("#now-BUD-1")).ToContainTextAsync("Write the long report");
    }

    [Fact(SkipUnless = nameof(Chromium.IsThere), SkipType = typeof(Chromium), Skip = Chromium.Missing)]
    [Trait("req", "A5")]
    public async Task An_agent_that_is_killed_is_seen_to_die_and_its_task_to_be_done_by_another()
    {
        var muster = served.Plane.Client;
        await muster.CreateProjectAsync(new CreateProject { Key = "KIL", Name = "killed", Contract = "" });
        await muster.CreateTaskAsync(new CreateTask { Project = "KIL", Title = "Count the stars" });
        await muster.HostHeartbeatAsync(new HostHeartbeatRequest { Host = "desk-1", Cores = 2 });
        var agent = await muster.CreateAgentAsync(new CreateAgent { Name = "emil", Host = "desk-1", Definition = new AgentDefinition { Executor = Executors.Command, Command = ["true"] } });
        await muster.HeartbeatAsync(new HeartbeatRequest { Agent = "emil" });
        await served.ClaimAsync("emil", "KIL");
        await using var context = await chromium.OpenAsync();
        var page = await served.SignInAsync(context);
        await page.GotoAsync(At("/tasks/KIL-1"));
        await Assertions.Expect(page.Locator("body[data-connected]")).ToHaveCountAsync(1);
        await page.EvaluateAsync("window.marked = true");

        await muster.HostHeartbeatAsync(new HostHeartbeatRequest { Host = "desk-1", Agents = [new AgentProcess { AgentId = agent.Id, State = "backoff", Restarts = 1, Deaths = 1, LastError = "killed by signal 9" }] });
        await Assertions.Expect(page.Locator(".line-of-time")).ToContainTextAsync("killed by signal 9");
        await Assertions.Expect(page.Locator("#r-standing .state")).ToContainTextAsync("pending");
        var second = await served.ClaimAsync("chen", "KIL");
        await Assertions.Expect(page.Locator("#r-standing .state")).ToContainTextAsync("in progress");
        await muster.CompleteAssignmentAsync(second.Assignment.Id, new CompleteAssignment { Summary = "All of them" }, Client.CallOptions.ForLease(second.Lease));
        await Assertions.Expect(page.Locator("#r-standing")).ToContainTextAsync("after 2 attempts");
        Assert.True(await page.EvaluateAsync<bool>("window.marked === true"));
        await page.GotoAsync(At("/agents/emil"));
        await Assertions.Expect(page.Locator("#r-standing")).ToContainTextAsync("killed by signal 9");
    }

    private string At(string path) => new Uri(served.Plane.Address, path).AbsoluteUri;
}
