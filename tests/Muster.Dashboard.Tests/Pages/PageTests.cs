using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Muster.Contracts.Conversations;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Tests.Pages;

public sealed partial class PageTests(PageHost host) : IClassFixture<PageHost>
{
    /// <summary>Markup, control codes, turned writing, and more than anybody reads: what an agent may call a task.</summary>
    private const string Hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> \u202Etxt.exe\u001b[31m";

    [Fact]
    [Trait("req", "B8")]
    public async Task Every_page_of_the_navigation_is_there_and_brings_nothing_from_elsewhere()
    {
        await SeedAsync("NAV");
        using var browser = await host.SignInAsync();
        foreach (var path in Navigation.Daily.Concat(Navigation.Rest).Select(p => p.Path).Concat(["/tasks/NAV-1", "/find", "/find?q=NAV", "/shortcuts", "/kit", "/settings/projects", "/settings/projects/NAV", "/settings/roles", "/settings/models", "/settings/budgets", "/settings/people", "/settings/files"]))
        {
            var html = await browser.PageAsync(path);
            Assert.DoesNotMatch(Elsewhere(), html);
            // The policy would drop them, and the page would be less than it seems.
            Assert.DoesNotMatch(Inline(), html);
            Assert.Single(Heading().Matches(html));
            Assert.Equal(Ids().Count(html), Ids().Matches(html).Select(m => m.Value).Distinct(StringComparer.Ordinal).Count());
        }
    }

    [Fact]
    public async Task It_can_be_installed_as_an_app()
    {
        using var browser = await host.SignInAsync();
        using var manifest = System.Text.Json.JsonDocument.Parse(await browser.PageAsync("/manifest.webmanifest"));
        foreach (var icon in manifest.RootElement.GetProperty("icons").EnumerateArray())
        {
            using var picture = await browser.GetAsync(icon.GetProperty("src").GetString()!);
            Assert.Equal(icon.GetProperty("type").GetString(), picture.Content.Headers.ContentType?.ToString());
        }

        using var worker = await browser.GetAsync("/worker.js");
        Assert.Equal("text/javascript; charset=utf-8", worker.Content.Headers.ContentType?.ToString());
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/sign-in")]
    [InlineData("/tasks/NONE-1")]
    [Trait("req", "C10")]
    public async Task Every_answer_carries_the_policy_that_lets_nothing_in(string path)
    {
        using var browser = await host.SignInAsync();
        using var answer = await browser.GetAsync(path);
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.StartsWith("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
    }

    [Fact]
    public async Task Hostile_text_is_text_on_every_page()
    {
        await host.Plane.ProjectAsync("HOS");
        await host.Plane.TaskAsync(new CreateTask { Project = "HOS", Title = Hostile[..^5], Description = Hostile[..^5] + "\n\n[x](javascript:alert(3)) ![y](https://elsewhere.example/y.png)" });
        await host.Muster.AddTaskUpdateAsync("HOS-1", new AddTaskUpdate { Text = Hostile[..^5] });
        var claimed = Assert.Single(await ClaimAsync("HOS", "hosagent"));
        await host.Muster.AppendAssignmentLogAsync(claimed.Assignment.Id, new AppendLog { Offset = 0, Text = "\u001b[31mred\u001b[0m " + Hostile + new string('x', 20_000) + "\n" }, Client.CallOptions.ForLease(claimed.Lease));
        using var browser = await host.SignInAsync();
        foreach (var path in Navigation.Daily.Concat(Navigation.Rest).Select(p => p.Path).Concat(["/tasks/HOS-1", "/plan/HOS", "/board?project=HOS&q=%3Cscript%3E", "/agents/hosagent", "/activity?task=HOS-1", "/find?q=%3Cscript%3Ealert"]))
        {
            var html = await browser.PageAsync(path);
            Assert.DoesNotContain("<script>alert", html, StringComparison.Ordinal);
            Assert.DoesNotContain("<img", html, StringComparison.Ordinal);
            Assert.DoesNotContain("href=\"javascript", html, StringComparison.Ordinal);
            Assert.DoesNotContain("\u202E", html, StringComparison.Ordinal);
            Assert.DoesNotContain("\u001b", html, StringComparison.Ordinal);
            Assert.DoesNotMatch(Inline(), html);
        }

        var page = await browser.PageAsync("/tasks/HOS-1");
        Assert.Contains("<span class=\"a1\">red</span>", page, StringComparison.Ordinal);
        Assert.Contains("more characters", page, StringComparison.Ordinal);
        Assert.True(page.Length < 100_000, $"{page.Length} characters");
    }

    [Fact]
    [Trait("req", "B8")]
    public async Task A_transcript_is_shown_turn_by_turn_and_nothing_in_it_is_markup()
    {
        await host.Plane.ProjectAsync("TRA");
        await host.Plane.TaskAsync(new CreateTask { Project = "TRA", Title = "Has a transcript" });
        await host.Plane.TaskAsync(new CreateTask { Project = "TRA", Title = "Has none" });
        string[] lines =
        [
            """{"at":"2026-11-21T12:00:00Z","kind":"opening","system":"You are careful.","task":"Add a health endpoint"}""",
            """{"kind":"step","step":1,"messages":2,"estimate":1200}""",
            """{"kind":"answer","model":"scripted-1","text":"I look **first**.","thought":"hm <b>","tokensIn":10,"tokensCached":2,"tokensOut":3}""",
            System.Text.Json.JsonSerializer.Serialize(new { kind = "call", tool = "shell", arguments = Hostile }),
            System.Text.Json.JsonSerializer.Serialize(new { kind = "result", failed = true, text = Hostile + new string('x', 5000), characters = 5100 }),
            "this is no JSON",
            """["nor", "is", "this", "a", "line"]""",
            """{"kind":"end","ending":"ready","tokensIn":10,"tokensOut":3}""",
        ];
        var task = await host.Muster.GetTaskAsync("TRA-1");
        await using var content = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        var artifact = await host.Muster.CreateArtifactAsync("transcript-TRA-1-1.jsonl", content, taskId: task.Id);
        using var browser = await host.SignInAsync();

        Assert.Contains($"/tasks/TRA-1/transcripts/{artifact.Id}", await browser.PageAsync("/tasks/TRA-1"), StringComparison.Ordinal);
        var html = await browser.PageAsync($"/tasks/TRA-1/transcripts/{artifact.Id}");
        foreach (var text in (string[])["Add a health endpoint", "<strong>first</strong>", "Step 1", "It failed", "End: ready", "hm &lt;b&gt;"]) Assert.Contains(text, html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", html, StringComparison.Ordinal);
        Assert.DoesNotContain("no JSON", html, StringComparison.Ordinal);
        Assert.DoesNotMatch(Inline(), html);
        // By the address of another task it is not there.
        using var other = await browser.GetAsync($"/tasks/TRA-2/transcripts/{artifact.Id}");
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
    }

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/sign-out")]
    [InlineData("/theme")]
    [InlineData("/tasks/SAF-1/cancel")]
    public async Task What_is_no_form_is_refused(string path)
    {
        using var http = new HttpClient { BaseAddress = host.Plane.Address };
        foreach (var (body, status) in ((HttpContent?, HttpStatusCode)[])[
            (null, HttpStatusCode.UnsupportedMediaType),
            (new StringContent("{}", Encoding.UTF8, "application/json"), HttpStatusCode.UnsupportedMediaType),
            (new FormUrlEncodedContent(Enumerable.Range(0, 2000).Select(n => KeyValuePair.Create($"k{n}", "v"))), HttpStatusCode.BadRequest),
            (new StringContent("--x no end", Encoding.UTF8, MediaTypeHeaderValue.Parse("multipart/form-data; boundary=x")), HttpStatusCode.BadRequest)])
        {
            using var answer = await http.PostAsync(path, body);
            Assert.Equal((status, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
            body?.Dispose();
        }
    }

    [Fact]
    public async Task A_form_without_what_its_page_knows_changes_nothing()
    {
        await SeedAsync("SAF");
        using var browser = await host.SignInAsync();
        using var bare = await browser.PostAsync("/tasks/SAF-1/cancel", []);
        Assert.Equal(HttpStatusCode.Forbidden, bare.StatusCode);

        var html = await browser.PageAsync("/tasks/SAF-1");
        var at = html.IndexOf("name=\"_token\" value=\"", StringComparison.Ordinal) + "name=\"_token\" value=\"".Length;
        var token = html[at..html.IndexOf('"', at)];
        using var foreign = await browser.PostAsync("/tasks/SAF-1/cancel", new() { ["_token"] = token }, "https://elsewhere.example");
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
        using var other = await host.SignInAsync();
        using var borrowed = await other.PostAsync("/tasks/SAF-1/cancel", new() { ["_token"] = token });
        Assert.Equal(HttpStatusCode.Forbidden, borrowed.StatusCode);
        // And nothing is changed by looking.
        using var got = await browser.GetAsync("/tasks/SAF-1/cancel");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, got.StatusCode);
        Assert.Equal(TaskState.Pending, (await host.Muster.GetTaskAsync("SAF-1")).Status);

        using var sent = await browser.SendAsync("/tasks/SAF-1", "/tasks/SAF-1/cancel", new() { ["reason"] = "not needed" });
        Assert.Equal(HttpStatusCode.SeeOther, sent.StatusCode);
        Assert.Equal(TaskState.Cancelled, (await host.Muster.GetTaskAsync("SAF-1")).Status);
        Assert.Contains("SAF-1 is cancelled", await browser.PageAsync("/tasks/SAF-1"), StringComparison.Ordinal);
        Assert.DoesNotContain("SAF-1 is cancelled</span>", await browser.PageAsync("/tasks/SAF-1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_stands_beside_the_field_and_what_was_typed_stays()
    {
        await SeedAsync("TYP");
        using var browser = await host.SignInAsync();
        using var answer = await browser.SendAsync("/tasks/TYP-1", "/tasks/TYP-1/edit", new() { ["title"] = "A better title", ["priority"] = "9", ["description"] = "typed <b>with</b> care" });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        var html = WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync());
        Assert.Contains("A priority is 1 to 5.", html, StringComparison.Ordinal);
        Assert.Contains("value=\"A better title\"", html, StringComparison.Ordinal);
        Assert.Contains("typed <b>with</b> care", html, StringComparison.Ordinal);
        Assert.Contains("aria-invalid=\"true\"", html, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("req", "B8")]
    public async Task A_viewer_sees_everything_and_no_button_that_would_fail()
    {
        await SeedAsync("VIE");
        await FailAsync("VIE");
        using var viewer = await host.SignInAsAsync(Scopes.Viewer);
        foreach (var path in new[] { "/", "/tasks/VIE-1", "/reviews" })
        {
            var actions = Actions().Matches(await viewer.PageAsync(path)).Select(m => m.Groups["to"].Value).Distinct(StringComparer.Ordinal);
            Assert.Subset(new HashSet<string> { "/theme", "/sign-out" }, actions.ToHashSet(StringComparer.Ordinal));
        }

        using var maintainer = await host.SignInAsAsync(Scopes.Maintainer);
        Assert.Contains("/tasks/VIE-1/retry", await maintainer.PageAsync("/"), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("req", "B5")]
    public async Task Today_says_what_needs_a_person_and_decides_it_there()
    {
        await SeedAsync("TOD");
        await FailAsync("TOD");
        using var browser = await host.SignInAsync();
        var before = await browser.PageAsync("/");
        Assert.Contains("Needs you", before, StringComparison.Ordinal);
        Assert.Contains("it broke for good", before, StringComparison.Ordinal);
        // The title and the icon of every page tell it.
        var needs = await host.Muster.GetNeedsAsync();
        Assert.True(needs.Broken > 0);
        var board = await browser.PageAsync("/board");
        Assert.Contains($"<title>({needs.Total}) Board", board, StringComparison.Ordinal);
        Assert.Contains("/icon-needs.svg\" type", board, StringComparison.Ordinal);
        using var sent = await browser.SendAsync("/", "/tasks/TOD-1/retry");
        Assert.Equal((HttpStatusCode.SeeOther, "/"), (sent.StatusCode, sent.Headers.Location?.ToString()));
        Assert.Equal(TaskState.Pending, (await host.Muster.GetTaskAsync("TOD-1")).Status);
    }

    [Fact]
    [Trait("req", "B8")]
    public async Task Selected_tasks_are_changed_together_without_a_script_and_what_was_before_comes_back()
    {
        await SeedAsync("BUL");
        await host.Plane.TaskAsync(new CreateTask { Project = "BUL", Title = "Another", Role = "backend-engineer" });
        using var browser = await host.SignInAsync();
        using var none = await browser.SendAsync("/board", "/board/change", new() { ["do"] = "cancel" });
        Assert.Contains("Select at least one task first.", await none.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        using var sent = await browser.SendAsync("/board", "/board/change", new() { ["do"] = "role", ["key"] = "BUL-1", ["role"] = "frontend-engineer" });
        Assert.Equal(HttpStatusCode.SeeOther, sent.StatusCode);
        Assert.Equal("frontend-engineer", (await host.Muster.GetTaskAsync("BUL-1")).Role);
        using var undone = await browser.SendAsync("/board", "/board/undo");
        Assert.Equal(HttpStatusCode.SeeOther, undone.StatusCode);
        Assert.Null((await host.Muster.GetTaskAsync("BUL-1")).Role);

        using var wrong = await browser.SendAsync("/board", "/board/change", new() { ["do"] = "priority", ["key"] = "BUL-2", ["priority"] = "9" });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.StatusCode);
        var html = await wrong.Content.ReadAsStringAsync();
        Assert.Contains("priority is 1 (most urgent) to 5", html, StringComparison.Ordinal);
        Assert.Matches("value=\"BUL-2\" form=\"bulk\" checked", html);
    }

    [Fact]
    [Trait("req", "C4")]
    public async Task A_plan_is_shown_with_what_contradicts_itself_and_only_what_was_shown_is_taken()
    {
        const string Markdown = "# Small\n\nTotal: 3 issues in 1 epics, 9 hours\n\n## Epic 1: Buying (2 issues, 8h)\n\n- [ ] 1.1 Keep the <b>cart</b> (3h)\n- [ ] 1.2 Send a receipt (5h), after 1.1\n";
        await host.Plane.ProjectAsync("IMP", contract: "");
        using var browser = await host.SignInAsync();
        using var shown = await browser.SendAsync("/plan/IMP/import", "/plan/IMP/import", new() { ["markdown"] = Markdown, ["do"] = "read" });
        var html = await shown.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.OK, shown.StatusCode);
        foreach (var text in (string[])["It contradicts itself", "Keep the &lt;b&gt;cart&lt;/b&gt;", "after 1.1", "Take these 2 tasks"]) Assert.Contains(text, html, StringComparison.Ordinal);
        Assert.Empty((await host.Muster.ListTasksAsync("IMP")).Items);

        var seen = Seen().Match(html).Groups["value"].Value;
        using var other = await browser.SendAsync("/plan/IMP/import", "/plan/IMP/import", new() { ["markdown"] = Markdown + "- [ ] 1.3 Slipped in (1h)\n", ["do"] = "take", ["seen"] = seen });
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        Assert.Empty((await host.Muster.ListTasksAsync("IMP")).Items);
        using var taken = await browser.SendAsync("/plan/IMP/import", "/plan/IMP/import", new() { ["markdown"] = Markdown, ["do"] = "take", ["seen"] = seen });
        Assert.Equal((HttpStatusCode.SeeOther, "/plan/IMP"), (taken.StatusCode, taken.Headers.Location?.ToString()));
        Assert.Equal(2, (await host.Muster.ListTasksAsync("IMP")).Items.Count);
    }

    [Fact]
    public async Task A_task_is_taken_from_its_agent_and_goes_to_another()
    {
        await SeedAsync("TAK");
        Assert.Single(await ClaimAsync("TAK", "first"));
        using var browser = await host.SignInAsync();
        using var sent = await browser.SendAsync("/tasks/TAK-1", "/tasks/TAK-1/take-back", new() { ["reason"] = "somebody else should" });
        Assert.Equal(HttpStatusCode.SeeOther, sent.StatusCode);
        var attempt = Assert.Single((await host.Muster.ListAssignmentsAsync(task: "TAK-1")).Items);
        Assert.Equal((AssignmentState.Revoked, "somebody else should"), (attempt.Status, attempt.Reason));
        Assert.Equal("TAK-1", Assert.Single(await ClaimAsync("TAK", "second")).Task.Key);
    }

    private async Task SeedAsync(string project)
    {
        await host.Plane.ProjectAsync(project, contract: "");
        await host.Plane.TaskAsync("A task of " + project, project);
    }

    private async Task FailAsync(string project)
    {
        var claimed = Assert.Single(await ClaimAsync(project, project.ToLowerInvariant()));
        await host.Muster.FailAssignmentAsync(claimed.Assignment.Id, new FailAssignment { Reason = "it broke for good", Retry = false }, Client.CallOptions.ForLease(claimed.Lease));
    }

    private async Task<IReadOnlyList<ClaimedTask>> ClaimAsync(string project, string agent)
    {
        await host.Plane.BeatAsync(agent);
        return (await host.Muster.ClaimTasksAsync(new ClaimRequest { Agent = agent, Projects = [project] })).Tasks;
    }

    [GeneratedRegex("(src|href|action)=\"(https?:)?//", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Elsewhere();

    [GeneratedRegex("<[a-z]+( [a-z-]+(=\"[^\"]*\")?)* (style|on[a-z]+)=|<style|<script(?! type=\"module\" src=\"/assets/)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Inline();

    [GeneratedRegex("name=\"seen\" value=\"(?<value>[^\"]*)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Seen();

    [GeneratedRegex("<h1[ >]", RegexOptions.None, 1000)]
    private static partial Regex Heading();

    [GeneratedRegex(" id=\"[^\"]*\"", RegexOptions.None, 1000)]
    private static partial Regex Ids();

    [GeneratedRegex("<form[^>]*action=\"(?<to>[^\"]*)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Actions();
}
