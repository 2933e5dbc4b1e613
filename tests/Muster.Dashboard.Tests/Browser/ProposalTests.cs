using Microsoft.Playwright;
using Muster.Conformance.Models;
using Muster.Contracts.Delivery;
using Muster.EndToEnd.Tests;

namespace Muster.Dashboard.Tests.Browser;

/// <summary>A person decides about a changed role in the browser, by what it did to work that was done before. Agents, checks and git are real; the model is scripted.</summary>
public sealed class ProposalTests(Chromium chromium)
{
    [Fact(SkipUnless = nameof(Chromium.IsThere), SkipType = typeof(Chromium), Skip = Chromium.Missing)]
    [Trait("req", "B6")]
    public async Task A_proposed_role_is_tried_on_recorded_tasks_and_approved_by_its_figures()
    {
        await using var model = await ScriptedModel.StartAsync(PoliteWork.Builder);
        await using var stage = new Stage();
        var up = await PoliteWork.BeginAsync(stage, model, evaluate: 0);
        await up.Client.ProposeRoleAsync("backend-engineer", new ProposeRole { Text = PoliteWork.Better, Why = "BLT-1 was red at first." });

        await using var context = await chromium.OpenAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(up.Address, (await up.Client.CreateSignInLinkAsync()).Path).AbsoluteUri);
        var decision = page.Locator(".decision", new() { HasText = "FLEET!1" });
        await decision.GetByRole(AriaRole.Link).First.ClickAsync();
        await page.ArrivesAtAsync("/reviews/FLEET/1");
        var tried = page.Locator("#r-tried");
        await Assertions.Expect(tried).ToContainTextAsync("Not yet.");
        await tried.GetByLabel("Last done tasks").FillAsync("1");
        await tried.GetByRole(AriaRole.Button, new() { Name = "Try it" }).ClickAsync();

        // Both sides are done anew while the page is open.
        var rows = tried.Locator("tbody tr");
        await Assertions.Expect(rows.Nth(0)).ToContainTextAsync("BLT-1");
        await Assertions.Expect(rows.Nth(0)).ToContainTextAsync("failed", new() { Timeout = 120_000 });
        await Assertions.Expect(rows.Nth(0)).ToContainTextAsync("0/1");
        await Assertions.Expect(rows.Nth(1)).ToContainTextAsync("passed", new() { Timeout = 120_000 });
        await Assertions.Expect(rows.Nth(1)).ToContainTextAsync("1/1");
        await Assertions.Expect(tried.Locator("h2 .state")).ToContainTextAsync("done");
        await Assertions.Expect(tried.Locator("tfoot tr").Nth(0)).ToContainTextAsync("0 of 1 passed");
        await Assertions.Expect(tried.Locator("tfoot tr").Nth(1)).ToContainTextAsync("1 of 1 passed");
        await Pictures.KeepAsync(page, "evaluation", ColorScheme.Light);

        await page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await Assertions.Expect(page.Locator("#r-brief .state").First).ToContainTextAsync("merged");
        await Until.HoldsAsync(async () => (await up.Client.GetRoleAsync("backend-engineer") is { Source: "own" } role && role.Instructions!.Contains("Always be polite.", StringComparison.Ordinal), "the role has not changed"), PoliteWork.Patience);
    }
}
