using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Contracts.Security;
using Muster.ControlPlane;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Git;
using Muster.Integrations.Postgres;
using Muster.Integrations.Sqlite;

namespace Muster.Proof.Planting;

/// <summary><c>plane</c>: the real plane in a process of its own with a bug planted, for the chaos run to find.</summary>
internal static class PlantedPlane
{
    public static async Task<int> RunAsync(Arguments arguments, CancellationToken stopped)
    {
        var (folder, port) = (arguments.Text("data"), arguments.Number("port", 0));
        var plant = Enum.Parse<Plant>(arguments.Text("plant"));
        Store store = arguments.Find("store") is { } address
            ? await PostgresStore.OpenAsync(PostgresAddress.Parse(address), TimeProvider.System, NullLogger.Instance, ct: stopped)
            : SqliteStore.Open(Directory.CreateDirectory(folder).FullName, TimeProvider.System, NullLogger.Instance);
        arguments.Close();
        Directory.CreateDirectory(folder);
        var random = new Random(1);
        var deaths = Path.Combine(folder, "deaths");
        bool Strikes()
        {
            lock (random)
            {
                if (plant != Plant.AcknowledgeBeforeCommit) return random.Next(50) == 0;
                // This one is the plane's death, and the run is to go on.
                if (File.Exists(deaths) && new FileInfo(deaths).Length >= 2) return false;
                File.AppendAllText(deaths, ".");
                return true;
            }
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Services.AddControlPlane(new ControlPlaneOptions { DataFolder = folder },
            services => new PlantedStore(store, services.GetRequiredService<PlantState>()));
        builder.Services.AddSingleton(new PlantState(plant, Strikes));
        builder.Services.AddSingleton<IRepositories>(_ => new GitRepositories(new GitOptions { Folder = Path.Combine(folder, "projects") }));
        await using var app = builder.Build();
        app.Use((http, next) => PlantedRequests.InvokeAsync(http, next));
        app.UseControlPlane();
        await app.StartAsync(stopped);
        var token = await app.Services.GetRequiredService<TokenDirectory>().CreateAsync("owner", Scopes.Owner, null, null, default);
        Console.WriteLine($$"""{"address":"{{app.Urls.First()}}","token":"{{token.Secret}}"}""");
        // Told to go by a signal, or by the end of the parent.
        var orphaned = Task.Run(Console.In.ReadToEnd, CancellationToken.None);
        await Task.WhenAny(orphaned, Task.Delay(Timeout.Infinite, stopped));
        await app.StopAsync(CancellationToken.None);
        return 0;
    }
}
