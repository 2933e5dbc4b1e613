using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Muster.Bench.Measure;

namespace Muster.Bench.Servers;

/// <summary>
/// A provider of models with no model behind it, in a process of its own: it answers at once, or with a piece of a stream every so
/// often that says when it was sent.
/// </summary>
internal sealed class BareProvider : IAsyncDisposable
{
    public const int Pieces = 100;
    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    private const string Counted = "\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":100,\"total_tokens\":120}";

    private readonly Child _child;

    private BareProvider(Child child, Uri address) => (_child, Address) = (child, address);

    public Uri Address { get; }

    public static async Task<BareProvider> StartAsync(CancellationToken ct)
    {
        var child = Child.Start("dotnet", [typeof(BareProvider).Assembly.Location, "bare-provider"]);
        var line = await child.Output.ReadLineAsync(ct) ?? throw new InvalidOperationException($"The bare provider did not start: {child.Complaints}");
        return new BareProvider(child, new Uri(line));
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
        app.Run(AnswerAsync);
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
        return 0;
    }

    private static async Task AnswerAsync(HttpContext http)
    {
        using var asked = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
        if (!asked.RootElement.TryGetProperty("stream", out var stream) || !stream.GetBoolean())
        {
            var whole = Encoding.UTF8.GetBytes($$"""{"id":"c","object":"chat.completion","model":"bare","choices":[{"index":0,"message":{"role":"assistant","content":"Done."},"finish_reason":"stop"}],{{Counted}}}""");
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = whole.Length;
            await http.Response.Body.WriteAsync(whole, http.RequestAborted);
            return;
        }

        http.Response.ContentType = "text/event-stream";
        var started = Stopwatch.GetTimestamp();
        for (var n = 0; n < Pieces; n++)
        {
            if (Pace * n - Stopwatch.GetElapsedTime(started) is { Ticks: > 0 } due) await Task.Delay(due, http.RequestAborted);
            await SayAsync(http, string.Create(CultureInfo.InvariantCulture, $"\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"t={Stopwatch.GetTimestamp()};\"}},\"finish_reason\":null}}]"));
        }

        await SayAsync(http, $"\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}],{Counted}");
        await http.Response.WriteAsync("data: [DONE]\n\n", http.RequestAborted);
    }

    private static async Task SayAsync(HttpContext http, string rest)
    {
        await http.Response.WriteAsync($"data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"bare\",{rest}}}\n\n", http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }
}
