using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Muster.Contracts.Models;
using Muster.Contracts.Security;
using Muster.Contracts.Tools;
using Muster.Contracts.Work;

namespace Muster.Dashboard.Tests.Pages;

/// <summary>Setting what can be set, and the pages of tools and of the engine.</summary>
[Trait("req", "B8")]
public sealed partial class SettingsTests(PageHost host) : IClassFixture<PageHost>
{
    private const string Hostile = "<script>alert(1)</script>\u202E";

    [Fact]
    public async Task A_project_is_added_and_its_rules_are_changed_and_what_is_wrong_stands_beside_its_field()
    {
        using var browser = await host.SignInAsync();
        using var added = await browser.SendAsync("/settings/projects", "/settings/projects/add", new() { ["name"] = "Settled " + Hostile, ["key"] = "set" });
        Assert.Equal("/settings/projects/SET", added.Headers.Location?.ToString());
        var there = await browser.PageAsync("/settings/projects/SET");
        Assert.DoesNotContain("<script>alert", there, StringComparison.Ordinal);
        Assert.DoesNotContain("\u202E", there, StringComparison.Ordinal);
        using var again = await browser.SendAsync("/settings/projects", "/settings/projects/add", new() { ["name"] = "Another", ["key"] = "set" });
        Assert.True((int)again.StatusCode is 409 or 422, $"{again.StatusCode}");

        var typed = new Dictionary<string, string> { ["name"] = "Settled well", ["contract"] = "research", ["review"] = ReviewPolicies.Person, ["approval"] = "auto", ["leaseSeconds"] = "many", ["maxFailures"] = "4", ["epicBranches"] = "true" };
        using var wrong = await browser.SendAsync("/settings/projects/SET", "/settings/projects/SET/edit", typed);
        var html = await wrong.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.StatusCode);
        Assert.Contains("id=\"edit-project-leaseSeconds-wrong\"", html, StringComparison.Ordinal);
        Assert.Contains("value=\"many\"", html, StringComparison.Ordinal);
        Assert.Contains("<option value=\"person\" selected", html, StringComparison.Ordinal);
        Assert.Contains("name=\"epicBranches\" value=\"true\" checked", html, StringComparison.Ordinal);

        typed["leaseSeconds"] = "90";
        using var kept = await browser.SendAsync("/settings/projects/SET", "/settings/projects/SET/edit", typed);
        Assert.Equal(HttpStatusCode.SeeOther, kept.StatusCode);
        var project = await host.Muster.GetProjectAsync("SET");
        Assert.Equal(("Settled well", ReviewPolicies.Person, "auto", 90, 4, true, false), (project.Name, project.Review, project.Approval, project.LeaseSeconds, project.MaxFailures, project.EpicBranches, project.PushBack));
    }

    [Fact]
    [Trait("req", "B6")]
    public async Task A_changed_role_is_proposed_and_says_what_it_can_be_tried_on()
    {
        using var browser = await host.SignInAsync();
        var role = await host.Muster.GetRoleAsync("technical-writer");
        using var silent = await browser.SendAsync("/settings/roles/technical-writer", "/settings/roles/technical-writer/propose", new() { ["text"] = role.Text + "\nWrite short sentences.\n" });
        Assert.Contains("who decides reads it first", await silent.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var sent = await browser.SendAsync("/settings/roles/technical-writer", "/settings/roles/technical-writer/propose", new() { ["why"] = "Readers get lost.", ["text"] = role.Text + "\nWrite short sentences.\n" });
        var there = sent.Headers.Location!.ToString();
        Assert.StartsWith("/reviews/FLEET/", there, StringComparison.Ordinal);
        var html = await browser.PageAsync(there);
        foreach (var text in (string[])["Tried on recorded tasks", "Write short sentences.", "Readers get lost."]) Assert.Contains(text, html, StringComparison.Ordinal);
        Assert.Contains("Change the role technical-writer", await browser.PageAsync("/"), StringComparison.Ordinal);

        // There is none yet that it could be tried on, and the form says so.
        var pull = (await host.Muster.ListPullsAsync("FLEET")).Items[0];
        using var tried = await browser.SendAsync(there, $"/reviews/{pull.Id}/evaluate", new() { ["last"] = "2", ["limitUsd"] = "1.5" });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, tried.StatusCode);
        Assert.Contains("id=\"evaluate\"", await tried.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var viewer = await host.SignInAsAsync(Scopes.Viewer);
        Assert.DoesNotContain("/evaluate", await viewer.PageAsync(there), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_is_shown_once_and_budgets_hold()
    {
        using var browser = await host.SignInAsync();
        using var made = await browser.SendAsync("/settings/people", "/settings/people/add", new() { ["name"] = "mira", ["scope"] = Scopes.Maintainer, ["expiresInDays"] = "30" });
        var html = await made.Content.ReadAsStringAsync();
        var secret = Secret().Match(html).Value;
        Assert.True(made.StatusCode == HttpStatusCode.OK && secret.Length > 20);
        Assert.DoesNotContain(secret, await browser.PageAsync("/settings/people"), StringComparison.Ordinal);
        using var mira = host.Client(secret);
        Assert.Equal(Scopes.Maintainer, (await mira.WhoAmIAsync()).Scope);
        // Who owns nothing gets no page that the API would refuse.
        using var theirs = await host.SignInAsync(secret);
        Assert.DoesNotContain("/settings/people", await theirs.PageAsync("/settings"), StringComparison.Ordinal);
        using var refused = await theirs.GetAsync("/settings/people");
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);

        using var none = await browser.SendAsync("/settings/budgets", "/settings/budgets/add", new() { ["scope"] = BudgetScopes.Fleet, ["period"] = BudgetPeriods.Day });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, none.StatusCode);
        using var added = await browser.SendAsync("/settings/budgets", "/settings/budgets/add", new() { ["scope"] = BudgetScopes.Fleet, ["period"] = BudgetPeriods.Day, ["limitUsd"] = "12.5" });
        Assert.Equal(HttpStatusCode.SeeOther, added.StatusCode);
        var budget = Assert.Single((await host.Muster.ListBudgetsAsync()).Items);
        Assert.Equal(12.5, budget.LimitUsd);
        using var gone = await browser.SendAsync("/settings/budgets", $"/settings/budgets/{budget.Id}/delete");
        Assert.Empty((await host.Muster.ListBudgetsAsync()).Items);
    }

    [Fact]
    public async Task A_secret_is_written_and_never_shown()
    {
        using var browser = await host.SignInAsync();
        var typed = new Dictionary<string, string> { ["name"] = "../GRAFANA", ["_value"] = "a-very-secret-word" };
        using var wrong = await browser.SendAsync("/settings/files", "/settings/secrets/set", typed);
        Assert.NotEqual(HttpStatusCode.SeeOther, wrong.StatusCode);
        Assert.DoesNotContain("a-very-secret-word", await wrong.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        typed["name"] = "GRAFANA_TOKEN";
        using var kept = await browser.SendAsync("/settings/files", "/settings/secrets/set", typed);
        Assert.Equal(HttpStatusCode.SeeOther, kept.StatusCode);
        var html = await browser.PageAsync("/settings/files");
        Assert.Contains("GRAFANA_TOKEN", html, StringComparison.Ordinal);
        Assert.DoesNotContain("a-very-secret-word", html, StringComparison.Ordinal);
        var file = Path.Combine((await host.Muster.ListSecretsAsync()).Folder, "GRAFANA_TOKEN");
        Assert.Equal("a-very-secret-word", await File.ReadAllTextAsync(file));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));

        // Only owners know even their names.
        using var maintainer = await host.SignInAsAsync(Scopes.Maintainer);
        Assert.DoesNotContain("/settings/secrets", await maintainer.PageAsync("/settings/files"), StringComparison.Ordinal);
        using var gone = await browser.SendAsync("/settings/files", "/settings/secrets/GRAFANA_TOKEN/delete");
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task A_tool_is_shown_whole_and_a_word_on_it_names_its_hash()
    {
        await host.Muster.CreateToolAsync(Package());
        using var browser = await host.SignInAsync();
        Assert.Contains("count-words", await browser.PageAsync("/tools"), StringComparison.Ordinal);
        var html = await browser.PageAsync("/tools/count-words");
        Assert.Contains("refuses nothing", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", html, StringComparison.Ordinal);
        Assert.DoesNotContain("\u202E", html, StringComparison.Ordinal);
        // A draft cannot be approved: there is no button for it, and one that is made up is refused.
        Assert.DoesNotContain("/tools/count-words/approve", html, StringComparison.Ordinal);
        using var viewer = await host.SignInAsAsync(Scopes.Viewer);
        foreach (var path in new[] { "/tools/count-words", "/engine", "/settings", "/settings/projects", "/settings/models", "/settings/budgets", "/settings/roles/backend-engineer" })
        {
            var actions = Actions().Matches(await viewer.PageAsync(path)).Select(m => m.Groups["to"].Value);
            Assert.Subset(new HashSet<string> { "/theme", "/sign-out", "/settings/keys" }, actions.ToHashSet(StringComparer.Ordinal));
        }

        using var retired = await browser.SendAsync("/tools/count-words", "/tools/count-words/retire", new() { ["reason"] = "nobody needs it" });
        Assert.Equal(HttpStatusCode.SeeOther, retired.StatusCode);
        Assert.Equal(ToolStates.Retired, (await host.Muster.GetToolAsync("count-words")).Status);
    }

    [Fact]
    public async Task Keys_of_one_letter_can_be_switched_off_and_models_too()
    {
        using var browser = await host.SignInAsync();
        using var off = await browser.SendAsync("/settings", "/settings/keys");
        Assert.Contains("data-keys=\"off\"", await browser.PageAsync("/board"), StringComparison.Ordinal);
        using var models = await browser.SendAsync("/settings/models", "/settings/models/switch", new() { ["reason"] = "too dear" });
        Assert.Contains("too dear", await browser.PageAsync("/engine"), StringComparison.Ordinal);
        using var on = await browser.SendAsync("/settings/models", "/settings/models/switch");
        Assert.False((await host.Muster.GetModelsAsync()).Off);
    }

    private static ToolPackage Package() => new()
    {
        Manifest = new ToolManifest { Name = "count-words", Description = "Counts words " + Hostile[..^1], Language = ToolLanguages.Python, InputSchema = Json("""{"type":"object"}"""), OutputSchema = Json("""{"type":"object"}""") },
        Source = "# " + Hostile + "\nprint('{}')\n",
        Tests = [new ToolTest { Name = "counts", Input = Json("{}"), Output = Json("{}") }, new ToolTest { Name = "refuses nothing", Input = Json("""{"text":""}"""), Fails = "" }],
    };

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    [GeneratedRegex("mst_[A-Za-z0-9_-]{20,}", RegexOptions.None, 1000)]
    private static partial Regex Secret();

    [GeneratedRegex("<form[^>]*action=\"(?<to>[^\"]*)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Actions();
}
