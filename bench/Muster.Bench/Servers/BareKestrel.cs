using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Muster.Bench.Measure;
using Muster.Bench.Wire;

namespace Muster.Bench.Servers;

/// <summary>The web server with nothing in it, in a process of its own: how many requests the machine answers at the most.</summary>
internal sealed class BareKestrel : IAsyncDisposable
{
    private readonly Child _child;

    private BareKestrel(Child child, Uri address) => (_child, Address) = (child, address);

    public Uri Address { get; }

    public static async Task<BareKestrel> StartAsync(CancellationToken ct)
    {
        var child = Child.Start("dotnet", [typeof(BareKestrel).Assembly.Location, "bare-kestrel"]);
        var line = await child.Output.ReadLineAsync(ct) ?? throw new InvalidOperationException($"The bare web server did not start: {child.Complaints}");
        return new BareKestrel(child, new Uri(line));
    }

    public Usage Usage() => _child.Usage();

    public ValueTask DisposeAsync() => _child.DisposeAsync();

    /// <summary>What the child runs until its input ends.</summary>
    public static async Task<int> RunAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        var answer = "{}"u8.ToArray();
        app.Run(async http =>
        {
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = answer.Length;
            await http.Response.Body.WriteAsync(answer);
        });
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
        return 0;
    }
}
