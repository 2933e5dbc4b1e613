using Microsoft.Playwright;

namespace Muster.Dashboard.Tests.Browser;

/// <summary>With <c>MUSTER_SCREENSHOTS=FOLDER</c> what the tests see is also kept, in both themes.</summary>
internal static class Pictures
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("MUSTER_SCREENSHOTS");

    /// <param name="page">What is seen.</param>
    /// <param name="name">What it is called there.</param>
    /// <param name="theme">In which it goes on.</param>
    public static async Task KeepAsync(IPage page, string name, ColorScheme theme)
    {
        if (Folder is null) return;
        var place = page.ViewportSize is { Width: < 500 } ? "phone" : "desk";
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            await page.ScreenshotAsync(new() { Path = Path.Combine(Folder, $"{name}-{scheme.ToString().ToLowerInvariant()}-{place}.png"), FullPage = true });
        }

        await page.EmulateMediaAsync(new() { ColorScheme = theme });
    }
}
