using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Muster.Dashboard.Tests.Browser.Chromium))]

namespace Muster.Dashboard.Tests.Browser;

/// <summary>The system's own Chromium, started once for all tests.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] Programs = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    private readonly SemaphoreSlim _once = new(1);
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Where it is; null where there is none. CI must have one.</summary>
    public static string? Program { get; } = Programs.FirstOrDefault(File.Exists);

    public const string Missing = "Chromium is not installed (Debian, Ubuntu: sudo apt-get install chromium).";

    public static bool IsThere => Program is not null || Environment.GetEnvironmentVariable("CI") == "true";

    public ValueTask InitializeAsync()
    {
        // A machine that does other things as well takes longer to show what is true.
        Assertions.SetDefaultExpectTimeout(30_000);
        return ValueTask.CompletedTask;
    }

    public async Task<IBrowserContext> OpenAsync(BrowserNewContextOptions? options = null)
    {
        await _once.WaitAsync();
        try
        {
            _playwright ??= await Playwright.CreateAsync();
            _browser ??= await _playwright.Chromium.LaunchAsync(new()
            {
                ExecutablePath = Program ?? throw new InvalidOperationException(Missing),
                Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--force-color-profile=srgb"],
            });
        }
        finally
        {
            _once.Release();
        }

        return await _browser.NewContextAsync(options ?? new());
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
        _once.Dispose();
    }
}
