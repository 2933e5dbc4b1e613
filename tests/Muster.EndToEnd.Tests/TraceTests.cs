using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Muster.Conformance.Models;
using Muster.Contracts.Models;

namespace Muster.EndToEnd.Tests;

/// <summary>What the real program sends to a collector of traces, in OpenTelemetry's own protocol.</summary>
public sealed class TraceTests
{
    [Fact]
    [Trait("req", "B11")]
    public async Task A_model_call_is_traced_with_what_it_used_and_without_what_was_said()
    {
        await using var collector = await Collector.StartAsync();
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("the secret answer"));
        await using var stage = new Stage();
        await model.ServeAsync(stage.Data);
        stage.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address;
        stage.Environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        stage.Environment["OTEL_SERVICE_NAME"] = "muster-at-home";
        var muster = await stage.ServeAsync();

        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(muster.Client.Options.Server, "llm/openai/v1/chat/completions"))
        {
            Content = new StringContent("""{"model":"smart","messages":[{"role":"user","content":"the secret question"}]}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new("Bearer", muster.Client.Options.Token);
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
        await muster.StopAsync();

        var said = Encoding.UTF8.GetString([.. collector.Bodies.SelectMany(body => body)]);
        foreach (var word in (string[])["muster-at-home", "model call smart", "chat scripted-1", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "http.request.method"])
            Assert.Contains(word, said, StringComparison.Ordinal);
        Assert.DoesNotContain("the secret", said, StringComparison.Ordinal);
        Assert.DoesNotContain(muster.Client.Options.Token!, said, StringComparison.Ordinal);
    }

    /// <summary>Takes what is sent to it.</summary>
    private sealed class Collector(WebApplication app) : IAsyncDisposable
    {
        public ConcurrentQueue<byte[]> Bodies { get; } = new();

        public string Address => app.Urls.First();

        public static async Task<Collector> StartAsync()
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var collector = new Collector(app);
            app.Run(async context =>
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                if (context.Request.Path == "/v1/traces") collector.Bodies.Enqueue(body.ToArray());
                context.Response.ContentType = "application/x-protobuf";
            });
            await app.StartAsync();
            return collector;
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
