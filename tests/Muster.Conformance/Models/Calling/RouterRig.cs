using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Conformance.Servers;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Protocols;
using Muster.ControlPlane.Models.Recording;
using Muster.Integrations.Anthropic;
using Muster.Integrations.ClaudeCode;
using Muster.Integrations.Codex;
using Muster.Integrations.Groq;
using Muster.Integrations.Ollama;
using Muster.Integrations.OpenAi;
using Muster.Integrations.OpenRouter;

namespace Muster.Conformance.Models.Calling;

/// <summary>The router with real providers, whose servers a test stands in for.</summary>
internal sealed class RouterRig : IDisposable
{
    private readonly ScratchFolder _folder = new();

    private RouterRig(string yaml, IReadOnlyDictionary<string, string> keys, TimeProvider? time, TimeSpan? patience)
    {
        var file = Path.Combine(_folder.Path, "models.yaml");
        File.WriteAllText(file, yaml);
        Setup = ModelSetup.Read(new ModelSources([file], keys.GetValueOrDefault, _ => null) { RecordingFolder = Path.Combine(_folder.Path, "recordings") }, KindsAt(time));
        Providers = Setup.CreateProviders();
        Time = time ?? TimeProvider.System;
        Health = new ProviderHealth(Setup.Routes, Time);
        Recordings = new Recordings(Setup, Time, NullLogger<Recordings>.Instance);
        Watch = new HealthWatch(Health, Providers, Time, NullLogger<HealthWatch>.Instance);
        Router = new ModelRouter(Providers, Health, Recordings, Time, new RouterOptions(patience ?? TimeSpan.Zero), NullLogger<ModelRouter>.Instance);
    }

    public static ProviderKinds Kinds => KindsAt(null);

    public ModelSetup Setup { get; }
    public ModelProviders Providers { get; }
    public ProviderHealth Health { get; }
    public HealthWatch Watch { get; }
    public Recordings Recordings { get; }
    public ModelRouter Router { get; }
    public TimeProvider Time { get; }

    public static RouterRig Of(string yaml, TimeProvider? time = null, TimeSpan? patience = null, params (string Name, string Value)[] keys) =>
        new(yaml, keys.ToDictionary(k => k.Name, k => k.Value, StringComparer.Ordinal), time, patience);

    /// <summary>A route <c>r</c> over servers of one kind each, in order.</summary>
    public static RouterRig Over(TimeProvider? time, TimeSpan? patience, params (string Kind, Uri Server)[] legs)
    {
        var yaml = new StringBuilder("providers:\n");
        for (var i = 0; i < legs.Length; i++) yaml.Append($"  p{i}:\n    kind: {legs[i].Kind}\n    server: {Base(legs[i].Kind, legs[i].Server)}\n    firstByte: 5s\n    firstToken: 5s\n    between: 5s\n    whole: 5s\n");
        yaml.Append("routes:\n  r:\n");
        for (var i = 0; i < legs.Length; i++) yaml.Append($"    - p{i}/m{i}\n");
        return Of(yaml.ToString(), time, patience);
    }

    public static RouterRig Over(params (string Kind, Uri Server)[] legs) => Over(null, null, legs);

    public async Task<(ModelOutcome Outcome, CollectedAnswer Answer)> AskAsync(ModelProtocol protocol, JsonObject? body = null, string route = "r", int maxTokens = 1000, bool stream = true, CancellationToken ct = default)
    {
        var answer = new CollectedAnswer();
        var call = new ModelCall { Protocol = protocol, Body = body ?? Question(protocol, stream), Route = Setup.Routes.Find(route, out var why) ?? throw new InvalidOperationException(why), MaxTokens = maxTokens };
        return (await Router.CallAsync(call, answer, ct), answer);
    }

    /// <summary>A small request with instructions and a tool.</summary>
    public static JsonObject Question(ModelProtocol protocol, bool stream, string text = "Say something", params string[] stop) => Dialects.Of(protocol).Write(new NeutralRequest
    {
        Model = "asked",
        Stream = stream,
        System = ["Be brief."],
        MaxTokens = 500,
        Turns = [new Turn(TurnRole.User, [new TextPart(text)])],
        Tools = [new ToolForm("read", "Reads a file.", System.Text.Json.JsonDocument.Parse("""{"type":"object","properties":{"path":{"type":"string"}}}""").RootElement)],
        Stop = stop,
    });

    public void Dispose()
    {
        Watch.Dispose();
        Providers.Dispose();
        _folder.Dispose();
    }

    private static ProviderKinds KindsAt(TimeProvider? time) => new ProviderKinds().AddOpenRouter().AddGroq().AddOpenAi().AddAnthropic().AddOllama().AddClaudeCode().AddCodex().AddReplay(time);

    private static string Base(string kind, Uri server) => kind is "anthropic" or "ollama" ? server.AbsoluteUri : $"{server.AbsoluteUri}v1";
}

/// <summary>A caller that keeps what it is given.</summary>
internal sealed class CollectedAnswer : IModelAnswer
{
    private readonly MemoryStream _bytes = new();

    public int Status { get; private set; }
    public string ContentType { get; private set; } = "";
    public IReadOnlyDictionary<string, string> Headers { get; private set; } = new Dictionary<string, string>(StringComparer.Ordinal);
    public int Begun { get; private set; }
    public byte[] Bytes => _bytes.ToArray();
    public string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>Called with each piece; throws as a caller does that is gone.</summary>
    public Action<ReadOnlyMemory<byte>> OnWrite { get; init; } = _ => { };

    public Task BeginAsync(int status, string contentType, IReadOnlyDictionary<string, string> headers, CancellationToken ct)
    {
        (Status, ContentType, Headers) = (status, contentType, headers);
        Begun++;
        return Task.CompletedTask;
    }

    public Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        OnWrite(bytes);
        _bytes.Write(bytes.Span);
        return Task.CompletedTask;
    }

    /// <summary>What the caller understands of it.</summary>
    public WholeAnswer Read(ModelProtocol protocol)
    {
        var dialect = Dialects.Of(protocol);
        if (ContentType != "text/event-stream") return WholeAnswer.Of(dialect.ReadWhole(System.Text.Json.JsonDocument.Parse(Bytes).RootElement));
        List<StreamEvent> events = [];
        List<AnswerEvent> said = [];
        new EventStream().Feed(Bytes, events);
        var reader = dialect.NewReader();
        foreach (var happened in events) reader.Read(happened, said);
        return WholeAnswer.Of(said);
    }
}
