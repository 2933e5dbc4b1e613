using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Muster.Dashboard.Tests.Browser;

internal static class Arrival
{
    /// <summary>
    /// Waits until a page at this path is there and loaded. Playwright's WaitForURLAsync looks for the load first and listens for it then: one that
    /// comes between the two is waited for in vain.
    /// </summary>
    public static async Task ArrivesAtAsync(this IPage page, string path)
    {
        await Assertions.Expect(page).ToHaveURLAsync(new Regex(Regex.Escape(path) + "$", RegexOptions.None, TimeSpan.FromSeconds(1)));
        await page.WaitForFunctionAsync("document.readyState === 'complete'");
    }
}
