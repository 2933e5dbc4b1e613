using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Muster.Conformance.Models.Calling;

/// <summary>A server that answers with certain bytes, in certain pieces, whatever it is asked.</summary>
internal sealed class FixedModel : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FixedModel(WebApplication app) => _app = app;

    public Uri Address { get; private set; } = null!;

    public static async Task<FixedModel> StartAsync(Func<HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(http => answer(http));
        await app.StartAsync();
        return new FixedModel(app) { Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/") };
    }

    public static Task<FixedModel> StartAsync(byte[] body, string type, params int[] cuts) => StartAsync(async http =>
    {
        http.Response.ContentType = type;
        var start = 0;
        foreach (var cut in cuts.Append(body.Length))
        {
            await http.Response.Body.WriteAsync(body.AsMemory(start, cut - start));
            await http.Response.Body.FlushAsync();
            start = cut;
        }
    });

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}
