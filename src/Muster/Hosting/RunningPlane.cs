using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Muster.Backups;
using Muster.Connections;
using Muster.Contracts.Security;
using Muster.ControlPlane;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.Dashboard.Hosting;
using Muster.Integrations.Git;

namespace Muster.Hosting;

/// <summary>A plane in this process: the one place where adapters are named and put together.</summary>
internal sealed class RunningPlane : IAsyncDisposable
{
    private const string OwnHost = "host of this plane's own process";

    private readonly WebApplication _app;

    private RunningPlane(WebApplication app, KnownServer server, string hostToken, bool first) => (_app, Server, HostToken, FirstStart) = (app, server, hostToken, first);

    /// <summary>Where this machine reaches it, and the owner token.</summary>
    public KnownServer Server { get; }

    /// <summary>Which store it runs on, for people.</summary>
    public string Store => _app.Services.GetRequiredService<Store>().Description;

    /// <summary>For the host daemon in this process; ends with the next start.</summary>
    public string HostToken { get; }

    /// <summary>Whether the owner token was made now, and is therefore to be shown.</summary>
    public bool FirstStart { get; }

    /// <param name="data">Its folder, held.</param>
    /// <param name="url">Where it listens.</param>
    /// <param name="said">What it stands on, as far as it was said; the settings say the rest.</param>
    /// <param name="log">Where it writes what happens.</param>
    /// <param name="ct">Gives the start up.</param>
    /// <param name="rehearsed">Whether it is a drill: then the person's credentials do not hear of it, nor do the systems that the settings name.</param>
    public static async Task<RunningPlane> StartAsync(DataFolder data, string url, Adapters said, PlaneLog log, CancellationToken ct, bool rehearsed = false)
    {
        var config = PlaneConfig.Read(data);
        var adapters = rehearsed ? said : said.Over(Adapters.Of(config));
        var options = config.ToOptions(data, url, adapters.Shared);
        var models = ModelAdapters.TryRead(data.Path, out var modelFaults);
        if (options.Validate().Concat(adapters.Validate()).Concat(config.Backup.Validate()).Concat(modelFaults).ToList() is { Count: > 0 } faults) throw new CommandException(string.Join(' ', faults)) { Code = ExitCodes.BadUsage };
        var installation = new Installation(data.Path, adapters.Store, adapters.Shared);
        // Most of a start is code that is compiled. What can be done side by side is: the store is opened while the server is put together, and handlers
        // of all paths are made while the store is read, and not by whoever asks first.
        var opening = Task.Run(() => OpenAsync(adapters.Store, data, url, log, ct), ct);
        var app = Build(options, adapters, log, () => opening.GetAwaiter().GetResult(), services => services.AddModelCalling(models!).AddScheduledBackups(installation, config.Backup));
        var handlers = Task.Run(() => app.Services.GetRequiredService<EndpointDataSource>().Endpoints.Count, ct);
        try
        {
            await opening;
            await app.StartAsync(ct);
            await handlers;
        }
        catch (Exception error)
        {
            await app.DisposeAsync();
            throw ListenAddress.Explain(error, new Uri(url));
        }

        var tokens = app.Services.GetRequiredService<TokenDirectory>();
        var first = (await tokens.ListAsync(ct)).All(token => token.Scope != Scopes.Owner);
        var server = new KnownServer
        {
            Address = OwnAddress(app).GetLeftPart(UriPartial.Authority),
            Token = await OwnerTokenAsync(tokens, ServerFile.Read(data.Path)?.Token, ct),
            Data = data.Path,
            Pid = Environment.ProcessId,
            StartedAt = DateTimeOffset.UtcNow,
        };
        ServerFile.Write(data.Path, server);
        if (!rehearsed) new Credentials(Paths.Credentials).Remember(server);
        _ = GiveBackAsync(app.Lifetime.ApplicationStopping);
        return new RunningPlane(app, server, await HostTokenAsync(tokens, data, ct), first);
    }

    /// <summary>
    /// Signs one browser of the owner in, once. Made here and not by a call to itself: a plane that cannot be reached for a moment must not end for that.
    /// </summary>
    public async Task<string> SignInLinkAsync(CancellationToken ct)
    {
        var owner = await _app.Services.GetRequiredService<TokenDirectory>().FindAsync(Server.Token, ct) ?? throw new InvalidOperationException("The owner's token was revoked while the plane started.");
        return Server.Address + (await _app.Services.GetRequiredService<SignInLinks>().CreateAsync(owner, ct)).Path;
    }

    // What a start leaves behind is as much as what a plane keeps, and a plane with nothing to do would not collect it for hours.
    private static async Task GiveBackAsync(CancellationToken stopping)
    {
        await Task.Delay(TimeSpan.FromSeconds(1), stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!stopping.IsCancellationRequested) GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static WebApplication Build(ControlPlaneOptions options, Adapters adapters, PlaneLog log, Func<Store> store, Action<IServiceCollection> more)
    {
        // The empty builder: no watchers, no environment that could change what the command line and the one file said.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = options.DataFolder });
        builder.Configuration.AddJsonFile(PlaneConfig.PathIn(options.DataFolder), optional: true, reloadOnChange: false);
        // A request goes on in the thread that its bytes woke: on a small machine each hand-over to another thread costs more than most requests do.
        builder.WebHost.UseKestrelCore().UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true).UseUrls(options.Url);
        log.Configure(builder.Logging);
        builder.Services.AddRouting();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(3));
        // Signals are the command line's: the host's agents must hand in their work before the plane goes.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddControlPlane(options, _ => store());
        builder.Services.AddSingleton<IRepositories>(_ => new GitRepositories(new GitOptions { Folder = Path.Combine(options.Common, "projects") }));
        more(builder.Services);
        Telemetry.AddTo(builder.Services);
        adapters.AddTo(builder.Services);
        WebApplication app = null!;
        builder.Services.AddDashboard(() => OwnAddress(app));
        app = builder.Build();
        app.UseControlPlane();
        // Its pages have a sign-in of their own, and do everything through the API.
        app.MapDashboard().Admit(Access.Anyone);
        // Said now instead of at the start: then all paths are known as soon as this returns.
#pragma warning disable ASP0014
        app.UseEndpoints(_ => { });
#pragma warning restore ASP0014
        return app;
    }

    // One that listens everywhere is reached by loopback.
    private static Uri OwnAddress(WebApplication app)
    {
        var address = new Uri(app.Urls.First());
        return System.Net.IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && (ip.Equals(System.Net.IPAddress.Any) || ip.Equals(System.Net.IPAddress.IPv6Any))
            ? new UriBuilder(address) { Host = ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? "[::1]" : "127.0.0.1" }.Uri
            : address;
    }

    private static async Task<Store> OpenAsync(string? address, DataFolder data, string url, PlaneLog log, CancellationToken ct)
    {
        try
        {
            return await StoreAddress.OpenAsync(address, data, log, ct);
        }
        catch (StoreUnusableException error)
        {
            throw ListenAddress.Explain(error, new Uri(url));
        }
    }

    // The token of an earlier start is used again while the folder still has it; the store itself only knows its hash.
    private static async Task<string> OwnerTokenAsync(TokenDirectory tokens, string? saved, CancellationToken ct) =>
        await tokens.FindAsync(saved, ct) is { Scope: Scopes.Owner } ? saved! : (await tokens.CreateAsync("owner", Scopes.Owner, null, null, ct)).Secret;

    private static async Task<string> HostTokenAsync(TokenDirectory tokens, DataFolder data, CancellationToken ct)
    {
        // Another plane of the same store has a host of its own.
        var name = $"{OwnHost} ({Environment.MachineName}, {data.Path})";
        foreach (var old in (await tokens.ListAsync(ct)).Where(token => token.Scope == Scopes.Host && token.Name == name)) await tokens.RevokeAsync(old.Id, ct);
        return (await tokens.CreateAsync(name, Scopes.Host, null, null, ct)).Secret;
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
