using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Muster.Conformance.Models;

/// <summary>
/// A provider of models on loopback, without a model: a script decides each answer. It speaks OpenAI chat completions, OpenAI responses,
/// Anthropic messages and what Ollama adds, below any path, so that it can stand in the place of a provider or of the gateway.
/// Other test projects link it: <c>&lt;Compile Include="../Muster.Conformance/Models/Scripted*.cs" LinkBase="Models" /&gt;</c>, with the framework
/// reference Microsoft.AspNetCore.App.
/// </summary>
public sealed class ScriptedModel : IAsyncDisposable
{
    private static readonly Dictionary<ScriptedProtocol, IScriptedProtocol> Protocols = new()
    {
        [ScriptedProtocol.Chat] = new ScriptedChat(),
        [ScriptedProtocol.Responses] = new ScriptedResponses(),
        [ScriptedProtocol.Messages] = new ScriptedMessages(),
    };

    private readonly WebApplication _app;
    private readonly CancellationTokenSource _closing = new();
    private readonly ScriptedPromptCache _cache = new();
    private CancellationTokenSource _alive = new();
    private int _number;
    private volatile bool _down;

    private ScriptedModel(WebApplication app) => _app = app;

    /// <summary>Ends in a slash.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>Decides each answer; see <see cref="ScriptedScripts"/>.</summary>
    public Func<ScriptedRequest, ScriptedTurn> Script { get; set; } = _ => ScriptedScripts.Nothing;

    /// <summary>Decides what goes wrong; null for nothing.</summary>
    public Func<ScriptedRequest, ScriptedFault?> Fault { get; set; } = _ => null;

    /// <summary>While true every connection is cut, those with an answer under way too.</summary>
    public bool Down
    {
        get => _down;
        set
        {
            _down = value;
            if (value) Interlocked.Exchange(ref _alive, new CancellationTokenSource()).Cancel();
        }
    }

    /// <summary>Keys that are let in; null for all.</summary>
    public IReadOnlySet<string>? Keys { get; set; }

    /// <summary>Models in its lists.</summary>
    public IReadOnlyList<string> Models { get; set; } = ["scripted-1"];

    /// <summary>Tokens of a prompt that begins like an earlier one count as read from the cache.</summary>
    public bool Caches { get; set; }

    /// <summary>Dollars for a token, told in the usage as OpenRouter does; null for not told.</summary>
    public double? CostPerToken { get; set; }

    public ScriptedJournal Journal { get; } = new();

    /// <summary>What Ollama keeps: installed and loaded models. Used below <c>/api</c>, and below <c>/v1</c> once it has models.</summary>
    public ScriptedOllama Ollama { get; } = new();
    /// <summary>Makes it the only model of a plane, by the route <c>smart</c>: to be called before the plane starts.</summary>
    /// <param name="data">The plane's data folder, made if it is not there.</param>
    public async Task ServeAsync(string data)
    {
        Directory.CreateDirectory(data);
        await File.WriteAllTextAsync(Path.Combine(data, "models.yaml"),
            $$"""
            providers:
              scripted: { kind: openai, server: "{{Address}}v1" }
            routes:
              smart: [scripted/scripted-1]

            """);
    }

    public static async Task<ScriptedModel> StartAsync(Func<ScriptedRequest, ScriptedTurn>? script = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MaxRequestBodySize = 256 * 1024 * 1024;
            kestrel.Limits.MinResponseDataRate = null;
        });
        var app = builder.Build();
        var model = new ScriptedModel(app);
        if (script is not null) model.Script = script;
        app.Run(model.HandleAsync);
        await app.StartAsync();
        model.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/");
        return model;
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext http)
    {
        var alive = _alive.Token;
        using var down = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token, alive);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, down.Token);
        await using var cut = down.Token.Register(http.Abort);
        var key = Key(http.Request);
        var entry = Journal.Add(new ScriptedEntry { Method = http.Request.Method, Path = http.Request.Path + http.Request.QueryString, Headers = Masked(http.Request), Key = ScriptedJournal.Mask(key) });
        try
        {
            if (_down)
            {
                http.Abort();
                Journal.Change(entry, now => now with { Outcome = "cut" });
                return;
            }

            var body = await ReadAsync(http, stop.Token);
            await new ScriptedExchange(this, http, entry, cut, stop.Token).AnswerAsync(key, body);
        }
        catch (Exception error) when (stop.IsCancellationRequested && error is OperationCanceledException or IOException or BadHttpRequestException)
        {
            // What was told so far must not look like all of it.
            http.Abort();
            Journal.Change(entry, now => now with { Outcome = alive.IsCancellationRequested || _closing.IsCancellationRequested ? "cut" : "gone" });
        }
    }

    internal static IScriptedProtocol Of(ScriptedProtocol protocol) => Protocols[protocol];

    internal int NextNumber() => Interlocked.Increment(ref _number);

    internal ScriptedTokens Count(ScriptedRequest request) => _cache.Count(request, Caches);

    private static string Key(HttpRequest request)
    {
        var bearer = request.Headers.Authorization.ToString();
        return bearer.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? bearer[7..] : request.Headers["x-api-key"].ToString();
    }

    private static Dictionary<string, string> Masked(HttpRequest request) => request.Headers.ToDictionary(
        header => header.Key,
        header => header.Key.ToLowerInvariant() is "authorization" or "x-api-key" or "x-goog-api-key" or "cookie" ? ScriptedJournal.Mask(header.Value.ToString()) : header.Value.ToString(),
        StringComparer.OrdinalIgnoreCase);

    private static async Task<JsonObject?> ReadAsync(HttpContext http, CancellationToken ct)
    {
        try
        {
            return await JsonNode.ParseAsync(http.Request.Body, cancellationToken: ct) as JsonObject;
        }
        catch (JsonException)
        {
            // No body, or none that is JSON: the exchange refuses it where one is needed.
            return null;
        }
    }
}
