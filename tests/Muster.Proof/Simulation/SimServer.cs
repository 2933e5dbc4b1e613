using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Contracts.Security;
using Muster.ControlPlane;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Git;
using Muster.Integrations.Sqlite;
using Muster.Proof.Planting;

namespace Muster.Proof.Simulation;

/// <summary>
/// The way of a request through the real plane, without sockets. Made once: routes are dear to build, so simulated planes
/// share them, and each brings the services that answer.
/// </summary>
internal sealed class SimServer : IServer
{
    private Func<IFeatureCollection, Task> _process = _ => throw new InvalidOperationException("The server was not started.");

    public IFeatureCollection Features { get; } = new FeatureCollection();

    /// <summary>The owner's token, valid in every simulated plane.</summary>
    public string Token { get; private set; } = "";

    /// <summary>A migrated, empty store, to begin from.</summary>
    public string Template { get; private set; } = "";

    /// <summary>What a plane is made of, less its store and its clock.</summary>
    public IServiceCollection Services { get; private set; } = new ServiceCollection();

    public static async Task<SimServer> StartAsync(string folder)
    {
        var server = new SimServer { Template = Path.Combine(folder, "template") };
        Directory.CreateDirectory(server.Template);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddControlPlane(new ControlPlaneOptions { DataFolder = server.Template }, _ => SqliteStore.Open(server.Template, TimeProvider.System, NullLogger.Instance));
        builder.Services.AddSingleton<IRepositories>(_ => new GitRepositories(new GitOptions { Folder = Path.Combine(server.Template, "projects") }));
        builder.Services.AddSingleton<IServer>(server);
        server.Services = builder.Services;
        // Nothing runs by itself: whatever a plane does by the clock, the simulation does when its own clock says so.
        server.Services.RemoveAll<Microsoft.Extensions.Hosting.IHostedService>();
        var app = builder.Build();
        app.Use((http, next) => PlantedRequests.InvokeAsync(http, next));
        app.UseControlPlane();
        await app.StartAsync();
        server.Token = (await app.Services.GetRequiredService<TokenDirectory>().CreateAsync("owner", Scopes.Owner, null, null, default)).Secret;
        await app.Services.GetRequiredService<Store>().DisposeAsync();
        return server;
    }

    public Task ProcessAsync(IFeatureCollection request) => _process(request);

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        _process = async features =>
        {
            var context = application.CreateContext(features);
            Exception? error = null;
            try
            {
                await application.ProcessRequestAsync(context);
            }
            catch (Exception thrown)
            {
                error = thrown;
                throw;
            }
            finally
            {
                application.DisposeContext(context, error);
            }
        };
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        // Nothing is held.
    }
}
