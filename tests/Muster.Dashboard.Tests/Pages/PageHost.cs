using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Muster.Client;
using Muster.Contracts.Security;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Tests;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Tests.Pages;

/// <summary>The real plane with its pages in front, in this process.</summary>
public sealed partial class PageHost : IAsyncLifetime
{
    private TestPlane? _plane;

    public TestPlane Plane => _plane!;

    public MusterClient Muster { get; private set; } = null!;

    public async ValueTask InitializeAsync() => await StartAsync(_ => { });

    /// <summary>One with something else in it.</summary>
    public static async Task<PageHost> WithAsync(Action<IServiceCollection> configure)
    {
        var host = new PageHost();
        await host.StartAsync(configure);
        return host;
    }

    private async Task StartAsync(Action<IServiceCollection> configure)
    {
        TestPlane? plane = null;
        _plane = plane = await TestPlane.StartAsync(configure: services => configure(services.AddDashboard(() => plane!.Address)), map: app => app.MapDashboard().Admit(Access.Anyone));
        Muster = Client(plane.OwnerToken);
    }

    public async ValueTask DisposeAsync()
    {
        Muster.Dispose();
        await Plane.DisposeAsync();
    }

    public MusterClient Client(string token) => new(new MusterClientOptions { Server = Plane.Address, Token = token, MaxRetries = 0 });

    /// <summary>A browser without a window that has signed in by a link.</summary>
    public async Task<Browser> SignInAsync(string? token = null)
    {
        var browser = new Browser(Plane.Address);
        using var person = Client(token ?? Plane.OwnerToken);
        var link = await person.CreateSignInLinkAsync();
        using var answer = await browser.PostAsync("/sign-in", new() { ["code"] = link.Code });
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return browser;
    }

    public async Task<Browser> SignInAsAsync(string scope) => await SignInAsync((await Muster.CreateTokenAsync(new CreateToken { Name = scope + Guid.NewGuid().ToString("N")[..6], Scope = scope })).Secret);

    /// <summary>What a browser does that follows no script: keeps cookies, and sends forms as they stand.</summary>
    public sealed class Browser : IDisposable
    {
        private readonly HttpClient _http;

        public Browser(Uri address)
        {
            _http = new HttpClient(new SocketsHttpHandler { CookieContainer = Cookies, AllowAutoRedirect = false }) { BaseAddress = address };
        }

        public CookieContainer Cookies { get; } = new();

        public Cookie Session => Cookies.GetAllCookies().Single(c => c.Name.StartsWith("muster_session", StringComparison.Ordinal));

        public Task<HttpResponseMessage> GetAsync(string path) => _http.GetAsync(path);

        public async Task<string> PageAsync(string path)
        {
            using var answer = await _http.GetAsync(path);
            var html = await answer.Content.ReadAsStringAsync();
            Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{path}: {(int)answer.StatusCode}\n{html}");
            return html;
        }

        public async Task<HttpResponseMessage> PostAsync(string path, Dictionary<string, string> fields, string? origin = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(fields) };
            if (origin is not null) request.Headers.Add("Origin", origin);
            return await _http.SendAsync(request);
        }

        /// <summary>Sends a form of a page, with the fields that it holds and those that are typed.</summary>
        public async Task<HttpResponseMessage> SendAsync(string page, string action, Dictionary<string, string>? typed = null)
        {
            var html = await PageAsync(page);
            var form = Form().Matches(html).FirstOrDefault(f => f.Value.Contains($"action=\"{action}\"", StringComparison.Ordinal))?.Value;
            Assert.True(form is not null, $"{page} has no form to {action}.");
            var fields = Hidden().Matches(form).ToDictionary(i => i.Groups["name"].Value, i => WebUtility.HtmlDecode(i.Groups["value"].Value), StringComparer.Ordinal);
            foreach (var (name, value) in typed ?? []) fields[name] = value;
            return await PostAsync(action, fields);
        }

        public Task<Stream> StreamAsync(string path) => _http.GetStreamAsync(path);

        public void Dispose() => _http.Dispose();
    }

    [GeneratedRegex("<form[^>]*>.*?</form>", RegexOptions.Singleline, 5000)]
    private static partial Regex Form();

    [GeneratedRegex("<input type=\"hidden\" name=\"(?<name>[^\"]*)\" value=\"(?<value>[^\"]*)\"", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Hidden();
}
