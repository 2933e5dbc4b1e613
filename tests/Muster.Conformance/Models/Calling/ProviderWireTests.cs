using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;

namespace Muster.Conformance.Models.Calling;

/// <summary>What each provider puts on the wire (B7, D14).</summary>
[Trait("req", "B7")]
public sealed class ProviderWireTests
{
    [Theory]
    [InlineData("openrouter", "OPENROUTER_API_KEY", ModelProtocol.OpenAiChat, "https://openrouter.ai/api/v1/chat/completions", "authorization")]
    [InlineData("openrouter", "OPENROUTER_API_KEY", ModelProtocol.AnthropicMessages, "https://openrouter.ai/api/v1/messages", "authorization")]
    [InlineData("groq", "GROQ_API_KEY", ModelProtocol.OpenAiChat, "https://api.groq.com/openai/v1/chat/completions", "authorization")]
    [InlineData("openai", "OPENAI_API_KEY", ModelProtocol.OpenAiChat, "https://api.openai.com/v1/chat/completions", "authorization")]
    [InlineData("openai", "OPENAI_API_KEY", ModelProtocol.OpenAiResponses, "https://api.openai.com/v1/responses", "authorization")]
    [InlineData("anthropic", "ANTHROPIC_API_KEY", ModelProtocol.AnthropicMessages, "https://api.anthropic.com/v1/messages", "x-api-key")]
    [InlineData("ollama", null, ModelProtocol.OpenAiChat, "http://127.0.0.1:11434/v1/chat/completions", null)]
    public void Address_and_key_are_the_providers(string kind, string? variable, ModelProtocol protocol, string url, string? header)
    {
        using var rig = RouterRig.Of($"providers: {{ p: {{ kind: {kind} }} }}", keys: variable is null ? [] : [(variable, "the-key")]);
        using var request = rig.Providers.Find("p")!.Make(new ProviderCall(protocol, RouterRig.Question(protocol, false)) { Model = "m" });
        Assert.Equal(url, request.RequestUri!.AbsoluteUri);
        Assert.Equal("application/json", request.Content!.Headers.ContentType!.ToString());
        var keys = request.Headers.Where(h => string.Join(' ', h.Value).Contains("the-key", StringComparison.Ordinal)).Select(h => h.Key.ToLowerInvariant()).ToList();
        Assert.Equal(header is null ? [] : [header], keys);
    }

    [Fact]
    public async Task OpenRouter_may_only_ask_those_that_keep_nothing_whatever_the_caller_says()
    {
        using var rig = RouterRig.Of("providers: { p: { kind: openrouter } }", keys: ("OPENROUTER_API_KEY", "k"));
        var body = RouterRig.Question(ModelProtocol.OpenAiChat, false);
        body["provider"] = JsonNode.Parse("""{"zdr":false,"data_collection":"allow","sort":"price"}""");
        body["reasoning_effort"] = "low";
        using var request = rig.Providers.Find("p")!.Make(new ProviderCall(ModelProtocol.OpenAiChat, body) { Model = "a", NextModels = ["b", "c", "d"] });
        var sent = JsonNode.Parse(await request.Content!.ReadAsStringAsync())!.AsObject();
        Assert.True(sent["provider"]!["zdr"]!.GetValue<bool>());
        Assert.Equal("deny", sent["provider"]!["data_collection"]!.GetValue<string>());
        Assert.Equal("price", sent["provider"]!["sort"]!.GetValue<string>());
        Assert.Equal(["groq", "openai", "anthropic"], sent["provider"]!["order"]!.AsArray().Select(o => o!.GetValue<string>()));
        Assert.Equal(["a", "b", "c"], sent["models"]!.AsArray().Select(o => o!.GetValue<string>()));
        if (Contracts.Find("openrouter/openapi.trimmed.json") is not { } file) return;
        var schemas = JsonDocument.Parse(await File.ReadAllTextAsync(file)).RootElement.GetProperty("components").GetProperty("schemas");
        Contracts.AllKnown(sent, schemas.GetProperty("ChatRequest"));
        Contracts.AllKnown(sent["provider"]!.AsObject(), schemas.GetProperty("ProviderPreferences"));
    }

    [Theory]
    [InlineData("", "x-api-key", "2023-06-01")]
    [InlineData(", auth: bearer, version: \"2026-10-21\"", "authorization", "2026-10-21")]
    public void Anthropics_way_to_sign_in_and_its_version_are_settings(string settings, string header, string version)
    {
        using var rig = RouterRig.Of($"providers: {{ p: {{ kind: anthropic{settings} }} }}", keys: ("ANTHROPIC_API_KEY", "the-key"));
        var call = new ProviderCall(ModelProtocol.AnthropicMessages, RouterRig.Question(ModelProtocol.AnthropicMessages, false)) { Model = "m", Headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["Anthropic-Beta"] = "x-1", ["x-api-key"] = "the lease", ["authorization"] = "the lease" } };
        using var request = rig.Providers.Find("p")!.Make(call);
        Assert.Equal(version, Assert.Single(request.Headers.GetValues("anthropic-version")));
        Assert.Equal("x-1", Assert.Single(request.Headers.GetValues("anthropic-beta")));
        Assert.Contains("the-key", string.Join(' ', request.Headers.GetValues(header)), StringComparison.Ordinal);
        Assert.DoesNotContain("the lease", request.Headers.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("groq", "/openai/v1/chat/completions", ModelProtocol.OpenAiChat)]
    [InlineData("openrouter", "/api/v1/chat/completions", ModelProtocol.OpenAiChat)]
    [InlineData("anthropic", "/v1/messages", ModelProtocol.AnthropicMessages)]
    public void The_vendors_own_client_asks_the_same_way(string kind, string path, ModelProtocol protocol)
    {
        var file = Contracts.Find($"{kind}/recorded-sdk-requests.json");
        if (file is null) Assert.Skip("LEFT OUT: the recorded requests of the vendors' clients are not there; set MUSTER_SHARED to the folder that holds contracts/");
        var recorded = JsonNode.Parse(File.ReadAllText(file!))!["requests"]!.AsArray().First(r => r!["path"]!.GetValue<string>() == path)!;
        using var rig = RouterRig.Of($"providers: {{ p: {{ kind: {kind}{(kind == "anthropic" ? ", auth: bearer, version: \"2026-10-21\"" : "")} }} }}", keys: ($"{kind.ToUpperInvariant()}_API_KEY", "k"));
        using var request = rig.Providers.Find("p")!.Make(new ProviderCall(protocol, recorded["body"]!.DeepClone().AsObject()) { Model = "m" });
        Assert.Equal(path, request.RequestUri!.AbsolutePath);
        foreach (var header in recorded["headers"]!.AsObject().Select(h => h.Key).Where(h => h is not ("content-type" or "accept"))) Assert.True(request.Headers.Contains(header), $"{header} is missing");
        if (kind == "anthropic") Assert.Equal(recorded["headers"]!["anthropic-version"]!.GetValue<string>(), Assert.Single(request.Headers.GetValues("anthropic-version")));
    }

    [Fact]
    public void What_we_write_for_Anthropic_is_what_its_description_knows()
    {
        var file = Contracts.Find("anthropic/openapi.trimmed.json");
        if (file is null) Assert.Skip("LEFT OUT: Anthropic's description is not there; set MUSTER_SHARED to the folder that holds contracts/");
        var schemas = JsonDocument.Parse(File.ReadAllText(file!)).RootElement.GetProperty("components").GetProperty("schemas");
        var question = ControlPlane.Models.Protocols.Dialects.Of(ModelProtocol.OpenAiChat).Read(JsonDocument.Parse("""
            {"model":"m","max_tokens":9000,"temperature":0.5,"stop":["x"],"reasoning_effort":"high","stream":true,"messages":[{"role":"system","content":"s"},{"role":"user","content":"u"}],
             "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"auto","response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}}
            """).RootElement);
        var written = ControlPlane.Models.Protocols.Dialects.Of(ModelProtocol.AnthropicMessages).Write(question);
        Contracts.AllKnown(written, schemas.GetProperty("CreateMessageParams"));
        Contracts.AllKnown(written["output_config"]!.AsObject(), schemas.GetProperty("OutputConfig"));
        Contracts.AllKnown(written["thinking"]!.AsObject(), schemas.GetProperty("ThinkingConfigEnabled"));
        Contracts.AllKnown(written["tools"]![0]!.AsObject(), schemas.GetProperty("Tool"));
    }

    [Fact]
    [Trait("req", "D14")]
    public async Task Ollama_fetches_what_is_missing_and_says_how_far_it_is_and_answers_when_it_is_there()
    {
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("local"));
        model.Ollama.Install("other");
        using var rig = RouterRig.Over(null, TimeSpan.Zero, ("ollama", model.Address));
        var (outcome, _) = await rig.AskAsync(ModelProtocol.OpenAiChat);
        Assert.Equal(CallOutcome.ProviderDown, outcome.Outcome);
        Assert.Contains("is fetching m0", outcome.Reason, StringComparison.Ordinal);
        await model.Journal.UntilAsync(j => j.Entries.Any(e => e.Path == "/api/pull" && e.Outcome == "answered"));
        Assert.Null(await rig.Providers.Find("p0")!.PrepareAsync("m0", default));
        Assert.Empty(model.Journal.Calls);
        Assert.Contains("m0:latest", (await rig.Providers.Find("p0")!.ListModelsAsync(default))!);
    }

    [Theory]
    [InlineData("127.0.0.1", "http://127.0.0.1:11434/")]
    [InlineData("0.0.0.0:9999", "http://127.0.0.1:9999/")]
    [InlineData("gpu.example:11434", "http://gpu.example:11434/")]
    [InlineData("https://gpu.example", "https://gpu.example/")]
    [InlineData("not an address", null)]
    public void OLLAMA_HOST_is_read_as_Ollama_reads_it(string text, string? url) => Assert.Equal(url, new Integrations.Ollama.OllamaKind().ReadServer(text)?.AbsoluteUri);
}

/// <summary>Published descriptions of the outside systems, where a machine has them.</summary>
internal static class Contracts
{
    public static string? Find(string path)
    {
        var roots = new List<string>();
        if (Environment.GetEnvironmentVariable("MUSTER_SHARED") is { Length: > 0 } named) roots.Add(named);
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent) roots.Add(Path.Combine(folder.FullName, "shared"));
        return roots.Select(root => Path.Combine(root, "contracts", path)).FirstOrDefault(File.Exists);
    }

    /// <summary>Every member is one that the schema names.</summary>
    public static void AllKnown(JsonObject body, JsonElement schema) =>
        Assert.Empty(body.Select(m => m.Key).Except(schema.GetProperty("properties").EnumerateObject().Select(p => p.Name), StringComparer.Ordinal));
}
