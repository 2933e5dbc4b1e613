using Microsoft.Playwright;
using Muster.Bench.Load;

namespace Muster.Bench.Servers;

/// <summary>The system's own Chromium.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly string[] Programs = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    // With every window it opens, this browser loads pages of its own for its address bar: two thirds of a processor's second, beside ours.
    private const string NoPagesOfItsOwn = "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup";

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    public static async Task<Browser> StartAsync()
    {
        var program = Programs.FirstOrDefault(File.Exists) ?? throw new MissingToolException("Chromium is not installed (Debian, Ubuntu: sudo apt-get install chromium).");
        var playwright = await Playwright.CreateAsync();
        return new Browser(playwright, await playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, Args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", NoPagesOfItsOwn] }));
    }

    /// <summary>A window with nothing kept from before, but signed in as the visitor is.</summary>
    public async Task<IPage> OpenAsync(Visitor visitor, Uri address)
    {
        var context = await _browser.NewContextAsync();
        await context.AddCookiesAsync(visitor.Cookies.GetCookies(address).Select(c => new Cookie { Name = c.Name, Value = c.Value, Url = address.AbsoluteUri }));
        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
