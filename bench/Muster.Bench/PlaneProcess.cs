using System.Diagnostics;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.ControlPlane;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;
using Muster.Integrations.Git;
using Muster.Integrations.Sqlite;

namespace Muster.Bench;

/// <summary>A plane in a process of its own, with so many ready tasks in its store.</summary>
internal sealed class PlaneProcess(Process process, Uri address, string token) : IAsyncDisposable
{
    public Uri Address { get; } = address;
    public string Token { get; } = token;

    /// <summary>Peak resident memory in MiB.</summary>
    public double PeakMemory
    {
        get
        {
            process.Refresh();
            return process.PeakWorkingSet64 / 1_048_576.0;
        }
    }

    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    public static async Task<PlaneProcess> StartAsync(string folder, int tasks)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (var argument in (string[])[Assembly.GetExecutingAssembly().Location, "plane", folder, tasks.ToString()]) start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The plane did not start.");
        var parts = line.Split(' ');
        return new PlaneProcess(process, new Uri(parts[0]), parts[1]);
    }

    /// <summary>What the child runs: seeds, serves, ends when its input does.</summary>
    public static async Task<int> RunAsync(string folder, int tasks)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddControlPlane(new ControlPlaneOptions { DataFolder = folder }, _ => SqliteStore.Open(folder, TimeProvider.System, NullLogger.Instance));
        builder.Services.AddSingleton<IRepositories>(_ => new GitRepositories(new GitOptions { Folder = Path.Combine(folder, "projects") }));
        await using var app = builder.Build();
        app.UseControlPlane();
        await app.StartAsync();
        var store = app.Services.GetRequiredService<Store>();
        var token = await app.Services.GetRequiredService<TokenDirectory>().CreateAsync("bench", Scopes.Owner, null, null, default);
        await SeedAsync(store, tasks);
        Console.WriteLine($"{app.Urls.First()} {token.Secret}");
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
        return 0;
    }

    private static async Task SeedAsync(Store store, int tasks)
    {
        await store.WriteAsync(tx => tx.ExecuteOne(
            """
            INSERT INTO projects (id, key, name, target_branch, lease_seconds, max_failures, contract, review, created_at, updated_at)
            VALUES (@id, 'BEN', 'bench', 'main', 60, 3, '', 'auto', @Now, @Now)
            """, new { id = Ids.New(), tx.Now }));
        for (var made = 0; made < tasks;)
        {
            var batch = Math.Min(1000, tasks - made);
            await store.WriteAsync(tx =>
            {
                for (var i = 0; i < batch; i++) AddTask.Run(tx, new CreateTask { Project = "BEN", Title = "bench task" });
            });
            made += batch;
        }
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
