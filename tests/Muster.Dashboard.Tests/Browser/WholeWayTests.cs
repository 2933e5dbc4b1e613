using Microsoft.Playwright;
using Muster.Conformance.Models;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.EndToEnd.Tests;

namespace Muster.Dashboard.Tests.Browser;

/// <summary>
/// From an empty installation to a change that runs, as a person goes it in the browser: <c>muster up</c> with its own host and agents,
/// real git, checks and a real server that is deployed. Only the model behind the Chief of Staff is scripted.
/// </summary>
public sealed class WholeWayTests(Chromium chromium)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // It is slow enough to be watched: it goes on when the test has seen it. The second time it does what it was told.
    private const string Agent =
        """
        #!/bin/sh
        set -e
        mkdir -p words
        if [ "$MUSTER_ATTEMPT" = 1 ]; then
          while [ ! -e "$STAGE/seen" ]; do sleep 0.05; done
          echo "helo" > words/hello
        else
          echo "hello" > words/hello
        fi
        grep -q hello list.txt || echo "hello" >> list.txt

        """;

    private const string Settings =
        """
        checks:
          - name: test
            command: sh ./check.sh
        contract: commit + test(pass) + pr(merged)
        review: person
        deploy:
          dev:
            target: process
            command: python3 -m http.server $PORT --bind 127.0.0.1
            port: 0
            health: /words/hello
            healthTimeout: 60s

        """;

    [Fact(SkipUnless = nameof(Chromium.IsThere), SkipType = typeof(Chromium), Skip = Chromium.Missing)]
    [Trait("req", "B8")]
    public async Task From_nothing_to_a_change_that_runs()
    {
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say(Plan));
        await using var stage = new Stage();
        await model.ServeAsync(stage.Data);
        var repository = await Repository.CreateAsync(stage["words-of-mine"]);
        await File.WriteAllTextAsync(Path.Combine(repository.Path, "muster.yaml"), Settings, TestContext.Current.CancellationToken);
        await repository.GitAsync("add", "--all");
        await repository.GitAsync("commit", "-q", "-m", "How it is checked and deployed");
        await stage.WriteScriptAsync("agent.sh", Agent);
        var up = await stage.UpAsync();
        await up.HostedAsync();

        // First run: nothing is there, and the page says what to do, step by step.
        await using var context = await chromium.OpenAsync();
        var page = await context.NewPageAsync();
        List<string> errors = [];
        page.PageError += (_, error) => errors.Add(error);
        string At(string path) => new Uri(up.Address, path).AbsoluteUri;
        await page.GotoAsync(At((await up.Client.CreateSignInLinkAsync()).Path));
        await Assertions.Expect(page.Locator("h1")).ToContainTextAsync("Welcome");
        await Assertions.Expect(page.Locator(".steps li.now")).ToContainTextAsync("Add a project");
        await stage.DoAsync("project", "add", repository.Path, "--key", "WRD", "--push-back", "true", "--deploy-to", "dev");
        await Assertions.Expect(page.Locator(".steps li.now")).ToContainTextAsync("Add an agent");
        await stage.DoAsync("agent", "add", "shell", "--executor", "command", "--", "./agent.sh");
        await Assertions.Expect(page.Locator(".steps li.now")).ToContainTextAsync("Say what you want");

        // Asked beside the page; the plan comes there, and is begun there.
        await page.Keyboard.PressAsync("s");
        await page.GetByLabel("What do you want to be done?").FillAsync("Say hello");
        await page.Keyboard.PressAsync("Enter");
        var chat = page.Locator("#chat");
        await Assertions.Expect(chat.Locator(".waves")).ToContainTextAsync("hello");
        await chat.GetByRole(AriaRole.Button, new() { Name = "Begin", Exact = true }).ClickAsync();

        // Watched, without a hand on the page.
        await Assertions.Expect(page.Locator("#r-running")).ToContainTextAsync("WRD-1");
        stage.Mark("seen");
        var decision = page.Locator(".decision", new() { HasText = "WRD!1" });
        await Assertions.Expect(decision).ToBeVisibleAsync(new() { Timeout = 120_000 });
        await decision.GetByRole(AriaRole.Link, new() { Name = "hello" }).First.ClickAsync();
        await page.ArrivesAtAsync("/reviews/WRD/1");

        // Sent back with a word at its line, and it comes again, changed.
        await page.GetByRole(AriaRole.Button, new() { Name = "Comment on line 1" }).Last.ClickAsync();
        await page.GetByLabel("Comment on line 1", new() { Exact = true }).And(page.Locator("textarea")).FillAsync("Two l, please");
        await page.Keyboard.PressAsync("Control+Enter");
        await Assertions.Expect(page.GetByText("WRD!1 is sent back")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#r-change")).ToContainTextAsync("hello", new() { Timeout = 120_000 });
        await Assertions.Expect(page.Locator("#r-change")).Not.ToContainTextAsync("helo", new() { Timeout = 120_000 });

        // Approved, merged, and where it runs is said, by a link that leads there.
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync(new() { Timeout = 60_000 });
        await Assertions.Expect(page.Locator("#r-brief .state").First).ToContainTextAsync("merged", new() { Timeout = 120_000 });
        var deployed = page.Locator("#r-brief .why", new() { HasText = "On dev" });
        await Assertions.Expect(deployed).ToContainTextAsync("healthy", new() { Timeout = 120_000 });
        var address = await deployed.GetByRole(AriaRole.Link).GetAttributeAsync("href");
        using var http = new HttpClient();
        Assert.Equal("hello\n", await http.GetStringAsync(new Uri(new Uri(address!), "words/hello"), TestContext.Current.CancellationToken));
        await page.GotoAsync(At("/tasks/WRD-1"));
        await Assertions.Expect(page.Locator("#r-deployed")).ToContainTextAsync("healthy");
        await page.GetByText("What it changes").ClickAsync();
        await Assertions.Expect(page.Locator("#r-pulls .diff").First).ToContainTextAsync("hello");
        await page.GotoAsync(At("/"));
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("hello");
        await Assertions.Expect(page.Locator(".decision")).ToHaveCountAsync(0);
        Assert.Empty(errors);
        await Until.HoldsAsync(async () => (await repository.GitAsync("show", "trunk:words/hello") == "hello", "not pushed back"), Patience);
        Assert.Equal([Verdicts.RequestChanges, Verdicts.Approve], (await up.Client.GetPullAsync("WRD!1")).Reviews.Select(review => review.Verdict));
        Assert.Equal(2, (await up.Client.GetTaskAsync("WRD-1")).Attempts);
    }

    private static string Plan { get; } = ScriptedPlan.Of("WRD", "One word.", "The list says hello", [new ScriptedTask("Write hello", "Write hello into the list.")]);
}
