using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Muster.Client;
using Muster.Contracts.Fleet;
using Muster.Contracts.Security;
using Muster.ControlPlane;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Git;

namespace Muster.Conformance.Planes;

/// <summary>A whole plane on a free loopback port, with the adapters that the test names.</summary>
public sealed class TestPlane : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestPlane(WebApplication app, string token)
    {
        _app = app;
        Client = Sdk(token);
    }

    /// <summary>The SDK with the owner's token; it tries nothing twice, so that what was refused is seen.</summary>
    public MusterClient Client { get; }

    public IServiceProvider Services => _app.Services;

    private Uri Address => new(_app.Urls.First());

    public static async Task<TestPlane> StartAsync(string folder, Func<IServiceProvider, Store> store, Action<IServiceCollection> adapters, int requestsPerSecond = 2000)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddControlPlane(new ControlPlaneOptions { DataFolder = folder, RequestsPerSecond = requestsPerSecond }, store);
        builder.Services.AddSingleton<IRepositories>(_ => new GitRepositories(new GitOptions { Folder = Path.Combine(folder, "projects") }));
        adapters(builder.Services);
        var app = builder.Build();
        app.UseControlPlane();
        await app.StartAsync();
        return new TestPlane(app, (await app.Services.GetRequiredService<TokenDirectory>().CreateAsync("owner", Scopes.Owner, null, null, default)).Secret);
    }

    /// <summary>Registers an agent and answers the SDK with its token.</summary>
    public async Task<MusterClient> AgentAsync(string name)
    {
        await Client.HeartbeatAsync(new HeartbeatRequest { Agent = name, Capacity = 100 });
        return Sdk((await Client.CreateAgentTokenAsync(name)).Secret);
    }

    public MusterClient Sdk(string token) => new(new MusterClientOptions { Server = Address, Token = token, MaxRetries = 0 });

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
