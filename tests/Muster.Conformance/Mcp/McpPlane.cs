using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Client;
using Muster.Contracts.Security;
using Muster.ControlPlane;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Mcp;
using Muster.ControlPlane.Security;
using Muster.Integrations.Git;
using Muster.Integrations.Sqlite;

namespace Muster.Conformance.Mcp;

/// <summary>A whole plane on a free loopback port, spoken to over MCP.</summary>
internal sealed class McpPlane : IAsyncDisposable
{
    private readonly WebApplication _app;

    private McpPlane(WebApplication app, string token)
    {
        (_app, Token) = (app, token);
        Client = Sdk(token);
    }

    public string Token { get; }

    public MusterClient Client { get; }

    public Uri Address => new(_app.Urls.First());

    public Uri Endpoint => new(Address, "mcp");

    public IServiceProvider Services => _app.Services;

    /// <param name="folder">Where its store lies.</param>
    /// <param name="part">What it offers more.</param>
    /// <param name="lendToken">Whether a request without a token gets the owner's: the public suite knows of none.</param>
    /// <param name="limits">Instead of the usual.</param>
    /// <param name="configure">Settings of the plane.</param>
    public static async Task<McpPlane> StartAsync(string folder, IMcpPart? part = null, bool lendToken = false, McpLimits? limits = null, Func<ControlPlaneOptions, ControlPlaneOptions>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var options = new ControlPlaneOptions { DataFolder = folder };
        builder.Services.AddControlPlane(configure?.Invoke(options) ?? options, _ => SqliteStore.Open(folder, TimeProvider.System, NullLogger.Instance));
        builder.Services.AddSingleton<IRepositories>(_ => new GitRepositories(new GitOptions { Folder = Path.Combine(folder, "projects") }));
        if (part is not null) builder.Services.AddSingleton(part);
        if (limits is not null) builder.Services.AddSingleton(limits);
        var app = builder.Build();
        var token = "";
        if (lendToken)
        {
            app.Use((http, next) =>
            {
                if (http.Request.Headers.Authorization.Count == 0) http.Request.Headers.Authorization = $"Bearer {token}";
                return next(http);
            });
        }

        app.UseControlPlane();
        await app.StartAsync();
        token = (await app.Services.GetRequiredService<TokenDirectory>().CreateAsync("owner", Scopes.Owner, null, null, default)).Secret;
        return new McpPlane(app, token);
    }

    public MusterClient Sdk(string token) => new(new MusterClientOptions { Server = Address, Token = token, MaxRetries = 0 });

    public async Task<string> TokenAsync(string scope) => (await Client.CreateTokenAsync(new CreateToken { Name = scope, Scope = scope })).Secret;

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
