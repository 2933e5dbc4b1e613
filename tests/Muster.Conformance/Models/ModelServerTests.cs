using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Muster.Conformance.Models;

/// <summary>The scripted model itself: every suite that asks a model rests on it.</summary>
public sealed partial class ModelServerTests
{
    private static readonly JsonObject Tool = new() { ["type"] = "object", ["properties"] = new JsonObject { ["path"] = new JsonObject { ["type"] = "string" } } };

    [Theory]
    [InlineData("v1/chat/completions", false)]
    [InlineData("v1/chat/completions", true)]
    [InlineData("v1/responses", false)]
    [InlineData("v1/responses", true)]
    [InlineData("v1/messages", false)]
    [InlineData("v1/messages", true)]
    public async Task Every_protocol_tells_the_same_turn_and_bills_what_it_says(string path, bool stream)
    {
        await using var model = await ScriptedModel.StartAsync(ScriptedScripts.Turns(new ScriptedTurn { Text = "Grüße, 😀 world of long words", Calls = [ScriptedCall.Of("read", new { path = "a b.txt" })] }));
        using var http = new HttpClient { BaseAddress = model.Address };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "secret-key");
        var answer = await AskAsync(http, path, stream);

        Assert.Contains("Grüße, 😀 world of long words", Said(answer, path, stream), StringComparison.Ordinal);
        var call = model.Journal.Calls.Single();
        Assert.Equal("answered", call.Outcome);
        Assert.Equal(ScriptedJournal.Mask("secret-key"), call.Key);
        Assert.DoesNotContain("secret-key", string.Join(' ', call.Headers.Values), StringComparison.Ordinal);
        Assert.Equal("Be brief.", call.Request!.System);
        Assert.Equal("Say something", Assert.Single(call.Request.Messages).Text);
        Assert.True(call.Request.Offers("read"));
        Assert.Equal(call.Billed.Out, OutTokens(answer));
        Assert.Matches("call_t0_0_", answer);
    }

    [Fact]
    public async Task A_conversation_says_which_turn_is_next_so_that_another_server_goes_on()
    {
        var script = ScriptedScripts.Shell("All done", "echo one", "echo two");
        await using var first = await ScriptedModel.StartAsync(script);
        await using var second = await ScriptedModel.StartAsync(script);
        var messages = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "go" });
        var said = new List<string>();
        foreach (var server in new[] { first, second, first })
        {
            using var http = new HttpClient { BaseAddress = server.Address };
            var body = new JsonObject { ["model"] = "m", ["messages"] = messages.DeepClone(), ["tools"] = new JsonArray(new JsonObject { ["type"] = "function", ["function"] = new JsonObject { ["name"] = "bash" } }) };
            var answer = await (await http.PostAsJsonAsync("v1/chat/completions", body)).Content.ReadFromJsonAsync<JsonObject>();
            var message = answer!["choices"]![0]!["message"]!.DeepClone();
            said.Add(message["tool_calls"]?[0]!["function"]!["arguments"]!.GetValue<string>() ?? message["content"]!.GetValue<string>());
            messages.Add(message);
            if (message["tool_calls"] is { } calls) messages.Add((JsonNode)new JsonObject { ["role"] = "tool", ["tool_call_id"] = calls[0]!["id"]!.GetValue<string>(), ["content"] = "ok" });
        }

        Assert.Contains("echo one", said[0], StringComparison.Ordinal);
        Assert.Contains("echo two", said[1], StringComparison.Ordinal);
        Assert.Equal("All done", said[2]);
    }

    [Fact]
    public async Task Faults_come_as_asked_and_are_over_when_asked()
    {
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedTurn.Say("one two three four"));
        using var http = new HttpClient { BaseAddress = model.Address };
        model.Fault = _ => ScriptedFault.RateLimited("7");
        using (var limited = await PostAsync(http, "v1/messages", stream: true))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, limited.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(7), limited.Headers.RetryAfter!.Delta);
            Assert.Contains("rate_limit_error", await limited.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        model.Fault = _ => ScriptedFault.Cut(300);
        using (var cut = await PostAsync(http, "v1/messages", stream: true))
        {
            var (bytes, whole) = await ReadAllAsync(cut);
            Assert.Equal(300, bytes);
            Assert.False(whole);
        }

        var hold = new TaskCompletionSource();
        model.Fault = _ => ScriptedFault.HoldAt(5, hold.Task);
        using (var held = await PostAsync(http, "v1/messages", stream: true))
        {
            var reading = held.Content.ReadAsStringAsync();
            model.Down = true;
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => reading);
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => PostAsync(http, "v1/messages", stream: true));
            model.Down = false;
        }

        model.Fault = _ => null;
        Assert.Contains("message_stop", await AskAsync(http, "v1/messages", stream: true), StringComparison.Ordinal);
        Assert.Equal(["refused", "cut", "cut", "answered"], model.Journal.Calls.Select(call => call.Outcome));
    }

    [Fact]
    public async Task Ollama_knows_what_is_installed_and_loaded_and_pulls()
    {
        await using var model = await ScriptedModel.StartAsync();
        using var http = new HttpClient { BaseAddress = model.Address };
        model.Ollama.Install();
        using (var missing = await PostAsync(http, "v1/chat/completions", stream: false)) Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        using (var pull = await http.PostAsJsonAsync("api/pull", new { model = "m" })) Assert.EndsWith("{\"status\":\"success\"}\n", await pull.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("m:latest", await http.GetStringAsync("api/ps"), StringComparison.Ordinal);
        using (var there = await PostAsync(http, "v1/chat/completions", stream: false)) Assert.Equal(HttpStatusCode.OK, there.StatusCode);
        Assert.Contains("m:latest", await http.GetStringAsync("api/ps"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fifty_conversations_at_once_each_get_their_own_script()
    {
        var book = ScriptedScripts.ByMarker();
        foreach (var number in Enumerable.Range(1, 50)) book.With($"SHO-{number}", _ => ScriptedTurn.Say($"answer {number}."));
        await using var model = await ScriptedModel.StartAsync(book.Answer);
        using var http = new HttpClient { BaseAddress = model.Address };
        var answers = await Task.WhenAll(Enumerable.Range(1, 50).Select(async number =>
        {
            using var answer = await PostAsync(http, "v1/chat/completions", stream: false, $"Do SHO-{number} now");
            return (await answer.Content.ReadFromJsonAsync<JsonObject>())!["choices"]![0]!["message"]!["content"]!.GetValue<string>();
        }));
        Assert.Equal(Enumerable.Range(1, 50).Select(number => $"answer {number}."), answers);
    }

    private static async Task<string> AskAsync(HttpClient http, string path, bool stream)
    {
        using var answer = await PostAsync(http, path, stream);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync();
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient http, string path, bool stream, string text = "Say something")
    {
        var body = new JsonObject { ["model"] = "m", ["stream"] = stream };
        var user = new JsonObject { ["role"] = "user", ["content"] = text };
        if (path.EndsWith("responses", StringComparison.Ordinal))
        {
            body["instructions"] = "Be brief.";
            body["input"] = new JsonArray(user);
            body["tools"] = new JsonArray(new JsonObject { ["type"] = "function", ["name"] = "read", ["parameters"] = Tool.DeepClone() });
        }
        else if (path.EndsWith("messages", StringComparison.Ordinal))
        {
            body["system"] = "Be brief.";
            body["messages"] = new JsonArray(user);
            body["tools"] = new JsonArray(new JsonObject { ["name"] = "read", ["input_schema"] = Tool.DeepClone() });
        }
        else
        {
            body["messages"] = new JsonArray(new JsonObject { ["role"] = "system", ["content"] = "Be brief." }, user);
            body["stream_options"] = new JsonObject { ["include_usage"] = true };
            body["tools"] = new JsonArray(new JsonObject { ["type"] = "function", ["function"] = new JsonObject { ["name"] = "read", ["parameters"] = Tool.DeepClone() } });
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static async Task<(int Bytes, bool Whole)> ReadAllAsync(HttpResponseMessage answer)
    {
        await using var body = await answer.Content.ReadAsStreamAsync();
        var buffer = new byte[100];
        var bytes = 0;
        try
        {
            for (int read; (read = await body.ReadAsync(buffer)) > 0;) bytes += read;
            return (bytes, true);
        }
        catch (HttpIOException)
        {
            return (bytes, false);
        }
    }

    /// <summary>The text, put together again from the pieces of a stream.</summary>
    private static string Said(string answer, string path, bool stream)
    {
        if (!stream) return string.Join('\n', Strings(JsonNode.Parse(answer)));
        var text = new StringBuilder();
        foreach (var line in answer.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal)))
        {
            var data = JsonNode.Parse(line[6..])!;
            if (path.EndsWith("completions", StringComparison.Ordinal)) text.Append(data["choices"]?.AsArray().FirstOrDefault()?["delta"]?["content"]?.GetValue<string>());
            else if (data["type"]!.GetValue<string>() == "response.output_text.delta") text.Append(data["delta"]!.GetValue<string>());
            else if (data["delta"] is JsonObject delta) text.Append(delta["text"]?.GetValue<string>());
        }

        return text.ToString();
    }

    private static IEnumerable<string> Strings(JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(pair => Strings(pair.Value)),
        JsonArray list => list.SelectMany(Strings),
        JsonValue value when value.TryGetValue<string>(out var text) => [text],
        _ => [],
    };

    private static long OutTokens(string answer) => long.Parse(OutPattern().Matches(answer)[^1].Groups["tokens"].Value);

    [GeneratedRegex("\"(?:output_tokens|completion_tokens)\":(?<tokens>\\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OutPattern();
}
