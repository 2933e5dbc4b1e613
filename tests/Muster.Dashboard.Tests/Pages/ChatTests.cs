using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Muster.Contracts.Conversations;
using Muster.Contracts.Security;
using Muster.ControlPlane.Models;
using Muster.ControlPlane.Tests.Conversations;

namespace Muster.Dashboard.Tests.Pages;

/// <summary>What one says to the Chief of Staff in the browser, on a page of its own and beside the others.</summary>
[Trait("req", "B5")]
public sealed class ChatTests
{
    private const string Hostile = "Answer <script>alert(1)</script> \u202E";

    private static readonly string Plan = JsonSerializer.Serialize(new
    {
        say = "One step <b>only</b>.",
        plan = new
        {
            goal = "The service answers /v1/health",
            project = new { key = "CHA" },
            epics = Array.Empty<object>(),
            risks = Array.Empty<string>(),
            questions = new[] { new { text = "Must it need a token?", @default = "no" } },
            tasks = new[] { new { number = 1, title = "Answer /v1/health", description = "Answer.", role = "backend-engineer", labels = Array.Empty<string>(), priority = 3, after = Array.Empty<int>(), contract = "research", hours = 1 } },
        },
    });

    [Fact]
    public async Task A_wish_becomes_a_plan_that_is_answered_and_begun_where_it_is_shown()
    {
        var model = new SpokenModel();
        model.Say(Plan);
        await using var host = await PageHost.WithAsync(services => services.Replace(ServiceDescriptor.Singleton<IModels>(model)));
        await host.Plane.ProjectAsync("CHA");
        using var browser = await host.SignInAsync();

        using var said = await browser.SendAsync("/chat", "/chat/say", new() { ["text"] = Hostile });
        var chat = said.Headers.Location!.ToString();
        Assert.StartsWith("/chat/", chat, StringComparison.Ordinal);
        await host.Plane.UntilAsync("G-1", goal => goal.State == GoalState.WaitingApproval);
        var html = await browser.PageAsync(chat);
        Assert.Contains("Answer &lt;script&gt;", html, StringComparison.Ordinal);
        Assert.DoesNotContain("\u202E", html, StringComparison.Ordinal);
        Assert.Contains("One step &lt;b&gt;only&lt;/b&gt;.", html, StringComparison.Ordinal);
        // What is said of the plan for channels without buttons is left out where the plan itself stands.
        Assert.DoesNotContain("Say yes to begin", html, StringComparison.Ordinal);

        // Beside another page it is the same, with forms of its own.
        using var kept = await browser.SendAsync(chat, "/chat/beside");
        Assert.Equal("/", kept.Headers.Location?.ToString());
        Assert.Contains("id=\"beside-plan-G-1\"", await browser.PageAsync("/board"), StringComparison.Ordinal);
        // Another answer than the plan assumes makes another plan: nothing begins that nobody has seen.
        using var answered = await browser.SendAsync("/board", "/goals/G-1/approve", new() { ["answer1"] = "yes, one" });
        Assert.Equal((HttpStatusCode.SeeOther, "/board"), (answered.StatusCode, answered.Headers.Location?.ToString()));
        await host.Plane.UntilAsync("G-1", goal => goal is { State: GoalState.WaitingApproval, PlanVersion: 2 });
        using var begun = await browser.SendAsync("/board", "/goals/G-1/approve", new() { ["answer1"] = "no" });
        Assert.Equal(HttpStatusCode.SeeOther, begun.StatusCode);
        await host.Plane.UntilAsync("G-1", goal => goal.State == GoalState.Running);

        using var more = await browser.SendAsync("/board", "/chat/say", new() { ["text"] = "status" });
        Assert.Equal("/board", more.Headers.Location?.ToString());
        Assert.Contains("0 of 1 tasks done", await browser.PageAsync("/board"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_model_is_about_to_say_is_read_while_it_is_made_up()
    {
        var model = new SpokenModel();
        var heard = new TaskCompletionSource();
        model.Say(async (question, ct) =>
        {
            await heard.Task.WaitAsync(ct);
            foreach (var piece in Plan.Chunk(7)) question.OnText?.Invoke(new string(piece));
            return Plan;
        });
        await using var host = await PageHost.WithAsync(services => services.Replace(ServiceDescriptor.Singleton<IModels>(model)));
        await host.Plane.ProjectAsync("CHA");
        using var browser = await host.SignInAsync();
        using var said = await browser.SendAsync("/chat", "/chat/say", new() { ["text"] = "Answer /v1/health" });
        var chat = said.Headers.Location!.ToString();
        Assert.Contains("data-words=\"G-1\"", await browser.PageAsync(chat), StringComparison.Ordinal);

        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var reader = new StreamReader(await browser.StreamAsync($"/live?at={Uri.EscapeDataString(chat)}&after=0"));
        string? words = null;
        while (words is null && await reader.ReadLineAsync(late.Token) is { } line)
        {
            if (line == ": hears") heard.SetResult();
            if (line.StartsWith("data: {\"goal\"", StringComparison.Ordinal)) words = line;
        }

        // The beginning of what is said, before there is a plan that anybody has checked.
        Assert.Equal("G-1", JsonDocument.Parse(words![6..]).RootElement.GetProperty("goal").GetString());
        Assert.StartsWith("One step", JsonDocument.Parse(words[6..]).RootElement.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_model_it_says_what_to_do_and_a_viewer_only_reads()
    {
        await using var host = await PageHost.WithAsync(_ => { });
        using var browser = await host.SignInAsync();
        Assert.Contains("No model is set up yet", await browser.PageAsync("/chat"), StringComparison.Ordinal);
        using var nothing = await browser.SendAsync("/chat", "/chat/say", new() { ["text"] = " " });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, nothing.StatusCode);
        Assert.Contains("aria-invalid=\"true\"", await nothing.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var said = await browser.SendAsync("/chat", "/chat/say", new() { ["text"] = "A wish that is kept" });

        using var viewer = await host.SignInAsAsync(Scopes.Viewer);
        var html = await viewer.PageAsync(said.Headers.Location!.ToString());
        Assert.Contains("A wish that is kept", html, StringComparison.Ordinal);
        Assert.DoesNotContain("action=\"/chat/", html, StringComparison.Ordinal);
    }
}
