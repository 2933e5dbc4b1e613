using Microsoft.Playwright;
using Muster.Conformance.Servers;
using Muster.Contracts.Work;
using Muster.EndToEnd.Tests;

namespace Muster.Dashboard.Tests.Browser;

/// <summary>A person at a browser, and the real program behind it.</summary>
public sealed class JourneyTests(Served served, Chromium chromium) : IClassFixture<Served>
{
    [Fact(SkipUnless = nameof(Chromium.IsThere), SkipType = typeof(Chromium), Skip = Chromium.Missing)]
    [Trait("req", "B8")]
    public async Task In_by_the_link_what_needs_me_is_decided_and_what_happens_is_seen()
    {
        await using var context = await chromium.OpenAsync();
        var page = await served.SignInAsync(context);
        List<string> errors = [];
        page.PageError += (_, error) => errors.Add(error);
        page.Console += (_, message) => { if (message.Type == "error") errors.Add(message.Text); };
        await Assertions.Expect(page.Locator("body[data-connected]")).ToHaveCountAsync(1);

        // What failed is tried again, right here, and the page says so without being loaded anew.
        await page.EvaluateAsync("window.marked = true");
        var card = page.Locator(".decision", new() { HasText = "Take payment by card" });
        await Assertions.Expect(card).ToContainTextAsync("test account is closed");
        await card.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await Assertions.Expect(page.GetByText("SHO-2 is tried again")).ToBeVisibleAsync();
        await Assertions.Expect(card).ToHaveCountAsync(0);
        Assert.Equal(TaskState.Pending, (await served.Plane.Client.GetTaskAsync("SHO-2")).Status);

        // Somebody takes it: seen without a hand on the page, and what is being typed stays.
        var claimed = await served.ClaimAsync("bela");
        Assert.Equal("SHO-2", claimed.Task.Key);
        await Assertions.Expect(page.Locator("#r-running")).ToContainTextAsync("Take payment by card");
        await page.GotoAsync(new Uri(served.Plane.Address, "/tasks/SHO-2").AbsoluteUri);
        await Assertions.Expect(page.Locator("body[data-connected]")).ToHaveCountAsync(1);
        var comment = page.GetByLabel("Comment", new() { Exact = true });
        await comment.FillAsync("Please mind the rounding");
        await served.Plane.Client.ReportAssignmentProgressAsync(claimed.Assignment.Id, new AssignmentProgress { PercentComplete = 61 }, Client.CallOptions.ForLease(claimed.Lease));
        await Assertions.Expect(page.GetByRole(AriaRole.Img, new() { Name = "61% complete" })).ToBeVisibleAsync();
        await Assertions.Expect(comment).ToHaveValueAsync("Please mind the rounding");
        await Assertions.Expect(comment).ToBeFocusedAsync();
        Assert.Empty(errors);
    }

    [Fact(SkipUnless = nameof(Chromium.IsThere), SkipType = typeof(Chromium), Skip = Chromium.Missing)]
    public async Task A_plane_that_is_killed_is_said_to_be_away_and_the_page_goes_on_when_it_is_back()
    {
        await using var stage = new Stage();
        var first = await stage.ServeAsync();
        await using var context = await chromium.OpenAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(first.Address, (await first.Client.CreateSignInLinkAsync()).Path).AbsoluteUri);
        await Assertions.Expect(page.Locator("body[data-connected]")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator("h1")).ToContainTextAsync("Welcome");

        await first.KillAsync();
        await Assertions.Expect(page.Locator("#stale")).ToBeVisibleAsync(new() { Timeout = 15_000 });
        await Assertions.Expect(page.Locator("#stale")).ToContainTextAsync("Not connected");
        var second = await stage.ServeAsync(first.Address.Port);
        await second.Client.CreateProjectAsync(new CreateProject { Key = "BAC", Name = "back again" });

        // The same session, the same page: nobody signs in anew.
        await Assertions.Expect(page.Locator("#stale")).ToBeHiddenAsync(new() { Timeout = 30_000 });
        await Assertions.Expect(page.Locator("#r-projects")).ToContainTextAsync("back again", new() { Timeout = 15_000 });
    }

    [Fact(SkipUnless = nameof(Chromium.IsThere), SkipType = typeof(Chromium), Skip = Chromium.Missing)]
    [Trait("req", "B8")]
    public async Task What_happened_while_the_line_was_cut_is_there_when_it_is_back_and_what_was_typed_still_is()
    {
        await using var line = new Cutter(served.Plane.Address.Port);
        Uri At(string path) => new($"http://127.0.0.1:{line.Port}{path}");
        await using var context = await chromium.OpenAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(At((await served.Plane.Client.CreateSignInLinkAsync()).Path).AbsoluteUri);
        await page.GotoAsync(At("/tasks/SHO-6").AbsoluteUri);
        await Assertions.Expect(page.Locator("body[data-connected]")).ToHaveCountAsync(1);
        var comment = page.GetByLabel("Comment", new() { Exact = true });
        // What was wrong is told; that others go on takes neither the next try nor its words away.
        await comment.FillAsync("   ");
        await page.GetByRole(AriaRole.Button, new() { Name = "Comment" }).ClickAsync();
        await Assertions.Expect(page.Locator("#comment-text-wrong")).ToBeVisibleAsync();
        await comment.FillAsync("Said into the dark");
        await served.Plane.Client.AddTaskUpdateAsync("SHO-6", new AddTaskUpdate { Text = "Said before" });
        await Assertions.Expect(page.Locator(".talk")).ToContainTextAsync("Said before");
        await Assertions.Expect(comment).ToHaveValueAsync("Said into the dark");

        // Plane and page live on; only nothing passes between them.
        line.CutUp = 0;
        line.CutAll();
        await Assertions.Expect(page.Locator("#stale")).ToContainTextAsync("Not connected");
        await page.GetByRole(AriaRole.Button, new() { Name = "Comment" }).ClickAsync();
        await Assertions.Expect(page.Locator("#r-comments [role=alert]")).ToContainTextAsync("Nothing was sent");
        await served.Plane.Client.AddTaskUpdateAsync("SHO-6", new AddTaskUpdate { Text = "Said meanwhile by another" });

        line.CutUp = null;
        await Assertions.Expect(page.Locator("#stale")).ToBeHiddenAsync();
        await Assertions.Expect(page.Locator(".talk")).ToContainTextAsync("Said meanwhile by another");
        await Assertions.Expect(comment).ToHaveValueAsync("Said into the dark");
        await page.GetByRole(AriaRole.Button, new() { Name = "Comment" }).ClickAsync();
        await Assertions.Expect(page.Locator(".talk")).ToContainTextAsync("Said into the dark");
        Assert.Single((await served.Plane.Client.ListTaskUpdatesAsync("SHO-6", limit: 200)).Items, update => update.Text == "Said into the dark");
    }

    [Fact(SkipUnless = nameof(Chromium.IsThere), SkipType = typeof(Chromium), Skip = Chromium.Missing)]
    public async Task The_keyboard_suffices_and_so_does_a_browser_without_script()
    {
        await using var context = await chromium.OpenAsync();
        var page = await served.SignInAsync(context);
        await page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(page.GetByText("Skip to the content")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("main")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("r");
        await page.ArrivesAtAsync("/reviews");
        await page.GotoAsync(new Uri(served.Plane.Address, "/tasks/SHO-6").AbsoluteUri);
        await page.Locator("#ask-edit > summary").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByLabel("Title")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.GetByLabel("Title")).ToBeHiddenAsync();

        // Find by some letters, choose by the arrows, go; and the shortcuts are told.
        await page.Keyboard.PressAsync("Control+k");
        await Assertions.Expect(page.GetByRole(AriaRole.Combobox)).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("card");
        await Assertions.Expect(page.GetByRole(AriaRole.Option, new() { Name = "Take payment by card" })).ToHaveAttributeAsync("aria-selected", "true");
        await page.Keyboard.PressAsync("ArrowDown");
        await Assertions.Expect(page.GetByRole(AriaRole.Option, new() { Name = "Say: card" })).ToHaveAttributeAsync("aria-selected", "true");
        await page.Keyboard.PressAsync("ArrowUp");
        await page.Keyboard.PressAsync("Enter");
        await page.ArrivesAtAsync("/tasks/SHO-2");
        await page.Keyboard.PressAsync("?");
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog, new() { Name = "Keyboard shortcuts" })).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToBeHiddenAsync();

        // What is said beside a page stays while one goes on, and is kept without a model.
        await page.Keyboard.PressAsync("s");
        await page.GetByLabel("What do you want to be done?").FillAsync("Make it faster");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#chat")).ToContainTextAsync("is kept");
        await page.GetByRole(AriaRole.Link, new() { Name = "Board" }).ClickAsync();
        await Assertions.Expect(page.Locator("#chat")).ToContainTextAsync("Make it faster");

        await using var plain = await chromium.OpenAsync(new() { JavaScriptEnabled = false });
        var bare = await plain.NewPageAsync();
        await bare.GotoAsync(new Uri(served.Plane.Address, (await served.Plane.Client.CreateSignInLinkAsync()).Path).AbsoluteUri);
        await bare.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await bare.GotoAsync(new Uri(served.Plane.Address, "/tasks/SHO-6").AbsoluteUri);
        await bare.GetByLabel("Comment", new() { Exact = true }).FillAsync("Without any script");
        await bare.GetByRole(AriaRole.Button, new() { Name = "Comment" }).ClickAsync();
        await Assertions.Expect(bare.GetByText("Your comment stands at SHO-6")).ToBeVisibleAsync();
        await Assertions.Expect(bare.Locator(".talk")).ToContainTextAsync("Without any script");
    }

    [Fact(SkipUnless = nameof(Chromium.IsThere), SkipType = typeof(Chromium), Skip = Chromium.Missing)]
    [Trait("req", "B8")]
    public async Task Who_wants_it_is_told_while_they_look_elsewhere_and_may_install_it_as_an_app()
    {
        await using var context = await chromium.OpenAsync();
        await context.GrantPermissionsAsync(["notifications"]);
        var page = await served.SignInAsync(context);
        await page.GotoAsync(new Uri(served.Plane.Address, "/settings").AbsoluteUri);
        await page.GetByRole(AriaRole.Button, new() { Name = "Switch on" }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-notify-switch]")).ToHaveAttributeAsync("aria-pressed", "true");

        // They look elsewhere; a question comes.
        await page.GotoAsync(served.Plane.Address.AbsoluteUri);
        await Assertions.Expect(page.Locator("body[data-connected]")).ToHaveCountAsync(1);
        await page.EvaluateAsync("Object.defineProperty(document, 'hidden', { get: () => true })");
        await served.Plane.Client.CreateProjectAsync(new CreateProject { Key = "ASK", Name = "asked", Contract = "" });
        await served.Plane.Client.CreateTaskAsync(new CreateTask { Project = "ASK", Title = "Paint the door" });
        var claimed = await served.ClaimAsync("dora", "ASK");
        await served.Plane.Client.ReleaseAssignmentAsync(claimed.Assignment.Id, new ReleaseAssignment { Reason = "Which colour?", WaitFor = WaitingCodes.Approval }, Client.CallOptions.ForLease(claimed.Lease));
        await page.WaitForFunctionAsync("async () => (await (await navigator.serviceWorker.ready).getNotifications()).some(n => /needs? you$/.test(n.title))");

        // What a browser asks of an app: a manifest without a fault, and icons of the sizes that it names.
        var devices = await context.NewCDPSessionAsync(page);
        var manifest = (await devices.SendAsync("Page.getAppManifest"))!.Value;
        Assert.Equal(0, manifest.GetProperty("errors").GetArrayLength());
        using var app = System.Text.Json.JsonDocument.Parse(manifest.GetProperty("data").GetString()!);
        Assert.Equal(("/", "standalone"), (app.RootElement.GetProperty("start_url").GetString(), app.RootElement.GetProperty("display").GetString()));
        foreach (var icon in app.RootElement.GetProperty("icons").EnumerateArray().Where(i => i.GetProperty("type").GetString() == "image/png"))
            Assert.Equal(icon.GetProperty("sizes").GetString(), await page.EvaluateAsync<string>("async src => { const icon = new Image(); icon.src = src; await icon.decode(); return `${icon.naturalWidth}x${icon.naturalHeight}`; }", icon.GetProperty("src").GetString()));
    }

    [Fact(SkipUnless = nameof(Chromium.IsThere), SkipType = typeof(Chromium), Skip = Chromium.Missing)]
    [Trait("req", "B8")]
    public async Task What_stays_is_not_touched_wherever_it_goes_and_what_is_missing_is_noticed()
    {
        await using var context = await chromium.OpenAsync();
        var page = await served.SignInAsync(context);
        var told = await page.EvaluateAsync<string[]>(
            """
            async () => {
              const { parse, renew } = await import(document.querySelector("script[type=module]").src.replace("main.js", "morph.js"));
              const at = html => parse(`<div>${html}</div>`).body.firstElementChild;
              const part = (id, text) => `<li id="${id}" data-part><input value="${text}"></li><!--/part-->`;
              const same = id => `<li id="${id}" data-same></li><!--/part-->`;
              const shown = document.querySelector("main").appendChild(at(`<ol>${part("a", 1)}${part("b", 2)}${part("c", 3)}</ol><p>none</p>`));
              const look = () => [...shown.querySelectorAll("li")].map(li => li.parentNode.tagName + li.id + (li.firstChild?.value ?? "-")).join(" ");
              shown.querySelector("#b input").focus();
              shown.querySelector("#b input").value = "typed";
              const said = [];
              // The one before it goes, and it stays where it is, with the focus and what was typed.
              said.push(renew(shown, at(`<ol>${same("b")}${part("c", 4)}</ol><p>none</p>`)) + " " + look() + " " + document.activeElement.parentNode.id);
              // To another list, which there was not; and one that is new.
              said.push(renew(shown, at(`<ol>${same("c")}${part("d", 5)}</ol><ul>${same("b")}</ul>`)) + " " + look());
              // Nobody knows that one.
              said.push(renew(shown, at(`<ol>${same("z")}</ol>`)) + " " + look());
              shown.remove();
              return said;
            }
            """);
        Assert.Equal(["true OLbtyped OLc4 b", "true OLc4 OLd5 ULbtyped", "false OLc4 OLd5 ULbtyped"], told);
    }

    [Fact(SkipUnless = nameof(Chromium.IsThere), SkipType = typeof(Chromium), Skip = Chromium.Missing)]
    [Trait("req", "B8")]
    public async Task Nothing_moves_for_who_asks_for_less_motion()
    {
        const string Moving = "() => document.getAnimations().length + [...document.querySelectorAll('*')].filter(e => getComputedStyle(e).transitionDuration.split(',').some(d => parseFloat(d) > 0)).length";
        foreach (var motion in new[] { ReducedMotion.NoPreference, ReducedMotion.Reduce })
        {
            await using var context = await chromium.OpenAsync(new() { ReducedMotion = motion });
            var page = await served.SignInAsync(context);
            await page.GotoAsync(new Uri(served.Plane.Address, "/board?project=SHO").AbsoluteUri);
            Assert.Equal(motion == ReducedMotion.NoPreference, await page.EvaluateAsync<int>(Moving) > 0);
        }
    }
}
