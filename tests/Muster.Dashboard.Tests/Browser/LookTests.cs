using System.Text.Json;
using Microsoft.Playwright;
using Muster.Dashboard.Hosting;
using Repository = Muster.ControlPlane.Tests.Repository;

namespace Muster.Dashboard.Tests.Browser;

/// <summary>
/// Every page in both themes, on a desk and on a phone: nothing that axe finds, nothing wider than the screen. Colours hang on the theme
/// and places on the width, so each of either is looked at once.
/// </summary>
public sealed class LookTests(Served served, Chromium chromium) : IClassFixture<Served>
{
    private static readonly string Axe = Path.Combine(Repository.Root, "tests/tools/web/node_modules/axe-core/axe.min.js");

    public static bool HasAxe => File.Exists(Axe) || Environment.GetEnvironmentVariable("CI") == "true";

    private IEnumerable<(string Name, string Path)> All =>
        Navigation.Daily.Concat(Navigation.Rest).Select(p => (p.Name.ToLowerInvariant(), p.Path)).Concat(
        [
            ("task", "/tasks/SHO-1"), ("task-failed", "/tasks/SHO-2"), ("agent", "/agents/ada"), ("import", "/plan/SHO/import"), ("review", "/reviews/REV/1?at=5:cart.cs"), ("review-split", "/reviews/REV/1?view=split"), ("proposal", "/reviews/FLEET/1"), ("plan-shop", "/plan/SHO"),
            ("chat-one", served.Chat), ("find", "/find?q=cart"), ("shortcuts", "/shortcuts"), ("kit", "/kit"), ("tool", "/tools/count-words"), .. Settings,
        ]);

    private static IEnumerable<(string, string)> Settings => new[] { "projects", "projects/SHO", "roles", "roles/backend-engineer", "models", "budgets", "people", "files" }.Select(p => ("settings-" + p.Replace('/', '-'), "/settings/" + p));

    [Theory(SkipUnless = nameof(HasAxe), Skip = "axe is not installed (.ci/run installs it: npm ci in tests/tools/web).")]
    [InlineData(ColorScheme.Light, 1360, 900)]
    [InlineData(ColorScheme.Dark, 360, 740)]
    [Trait("req", "B8")]
    public async Task Every_page_can_be_read_by_everybody(ColorScheme theme, int width, int height)
    {
        Assert.SkipUnless(Chromium.IsThere, Chromium.Missing);
        await using var context = await chromium.OpenAsync(new()
        {
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = theme,
            ReducedMotion = ReducedMotion.Reduce,
            // Only axe itself is put into the page past the policy; the pages' own scripts run under it in the other tests.
            BypassCSP = true,
        });
        var page = await served.SignInAsync(context);
        var axe = await File.ReadAllTextAsync(Axe);
        List<string> wrong = [];
        foreach (var (name, path) in All)
        {
            await page.GotoAsync(new Uri(served.Plane.Address, path).AbsoluteUri);
            await page.EvaluateAsync(axe);
            var found = await page.EvaluateAsync<JsonElement>("axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(r => r.violations.map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' (' + (n.any[0] || n.all[0] || n.none[0] || {}).message + ')').join('; ')))");
            wrong.AddRange(found.EnumerateArray().Select(v => $"{path}: {v.GetString()}"));
            var over = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            if (over > 0) wrong.Add($"{path}: wider than the screen by {over}");
            if (width > 500)
            {
                // Twice as large is half as wide.
                await page.SetViewportSizeAsync(width / 2, height / 2);
                over = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
                if (over > 0) wrong.Add($"{path}: wider than the screen by {over} at 200%");
                await page.SetViewportSizeAsync(width, height);
            }

            await Pictures.KeepAsync(page, name, theme);
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }
}
