using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Muster.Conformance.Models;

/// <summary>One request and its answer.</summary>
/// <param name="model">Who is asked.</param>
/// <param name="http">Where.</param>
/// <param name="entry">Its place in the journal.</param>
/// <param name="cut">What cuts the connection when the model goes down.</param>
/// <param name="stop">Ends it amid the answer.</param>
internal sealed class ScriptedExchange(ScriptedModel model, HttpContext http, int entry, CancellationTokenRegistration cut, CancellationToken stop)
{
    private long _written;

    public async Task AnswerAsync(string key, JsonObject? body)
    {
        var path = http.Request.Path.Value!;
        if (Protocol(path) is not { } protocol || !HttpMethods.IsPost(http.Request.Method))
        {
            await AsideAsync(path, body);
            return;
        }

        var raw = new ScriptedRequest
        {
            Number = model.NextNumber(),
            Protocol = protocol,
            Path = path,
            Headers = model.Journal.Entries[entry].Headers,
            Key = ScriptedJournal.Mask(key),
            Model = ScriptedText.String(body?["model"]),
            System = "",
            Messages = [],
            Tools = [],
            Stream = ScriptedText.True(body?["stream"]),
            Body = body ?? [],
        };
        var request = ScriptedModel.Of(protocol).Read(raw);
        model.Journal.Change(entry, now => now with { Request = request });
        if (model.Keys is { } keys && !keys.Contains(key)) await RefuseAsync(protocol, ScriptedFault.Unauthorized);
        else if (body is null || request.Model.Length == 0) await RefuseAsync(protocol, ScriptedFault.Refused("The body is not JSON with a model."));
        else if (model.Fault(request) is { } fault) await FaultAsync(request, fault);
        else if (model.Ollama.Refuses(request.Model)) await RefuseAsync(protocol, new ScriptedFault { Status = 404, Message = $"model \"{request.Model}\" not found, try pulling it first" });
        else await TellAsync(request, new ScriptedFault());
    }

    private static ScriptedProtocol? Protocol(string path) => path switch
    {
        _ when path.EndsWith("/chat/completions", StringComparison.Ordinal) => ScriptedProtocol.Chat,
        _ when path.EndsWith("/responses", StringComparison.Ordinal) => ScriptedProtocol.Responses,
        _ when path.EndsWith("/messages", StringComparison.Ordinal) => ScriptedProtocol.Messages,
        _ => null,
    };

    private async Task FaultAsync(ScriptedRequest request, ScriptedFault fault)
    {
        if (fault.Abort)
        {
            model.Journal.Change(entry, now => now with { Outcome = "cut" });
            http.Abort();
        }
        else if (fault.Hang) await Task.Delay(Timeout.Infinite, stop);
        else if (fault.Status is not null) await RefuseAsync(request.Protocol, fault);
        else if (fault.WrongJson) await SendAsync(200, request.Stream ? "text/event-stream" : "application/json", request.Stream ? "event: message_start\ndata: {\"type\": \"mess\n\n" : "{\"choices\": [{", "answered");
        else await TellAsync(request, fault);
    }

    private async Task TellAsync(ScriptedRequest request, ScriptedFault fault)
    {
        model.Ollama.Load(request.Model);
        var turn = model.Script(request);
        var calls = turn.Calls.Select((call, index) => call.Numbered(request.Turn, index, request.Number)).ToList();
        var answer = new ScriptedAnswer(request, turn with { Calls = calls }, model.Count(request), model.CostPerToken);
        var protocol = ScriptedModel.Of(request.Protocol);
        http.Response.Headers["request-id"] = $"req_{answer.Id}";
        if (!request.Stream)
        {
            if (fault.Before is { } before) await before(0, stop);
            Bill(answer.Tokens(answer.Length));
            http.Response.ContentType = "application/json";
            Note(200);
            await WriteAsync(ScriptedAnswer.Write(protocol.Whole(answer)), fault);
            Answered(200);
            return;
        }

        http.Response.ContentType = "text/event-stream; charset=utf-8";
        http.Response.Headers.CacheControl = "no-cache";
        Note(200);
        Bill(answer.Tokens(0));
        await http.Response.StartAsync(stop);
        var index = 0;
        long sent = 0;
        foreach (var frame in protocol.Stream(answer))
        {
            if (fault.Before is { } before) await before(index++, stop);
            // Billed as it leaves, so that what was cut is counted as far as it came.
            sent += frame.Tokens;
            if (frame.Tokens > 0) Bill(answer.Tokens(sent));
            await WriteAsync(frame.Text, fault);
        }

        Answered(200);
    }

    private void Bill(ScriptedTokens tokens) => model.Journal.Change(entry, now => now with { Billed = tokens });

    private void Note(int status, string outcome = "open") => model.Journal.Change(entry, now => now with { Status = status, Outcome = outcome });

    /// <summary>All of it is on its way, and from here on nothing takes it back: whoever reads the journal and the client must have seen the same.</summary>
    private void Answered(int status)
    {
        var down = cut.Token;
        cut.Dispose();
        down.ThrowIfCancellationRequested();
        Note(status, "answered");
    }

    private async Task WriteAsync(string text, ScriptedFault fault)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var left = fault.CutAfter is { } limit ? Math.Max(0, limit - _written) : long.MaxValue;
        var count = (int)Math.Min(left, bytes.Length);
        await http.Response.Body.WriteAsync(bytes.AsMemory(0, count), stop);
        await http.Response.Body.FlushAsync(stop);
        _written += count;
        if (count == bytes.Length) return;
        model.Journal.Change(entry, now => now with { Outcome = "cut" });
        // Thrown through the server, which then closes without the end of the answer. An abort would take back what is on its way.
        throw new ScriptedCutException();
    }

    private Task RefuseAsync(ScriptedProtocol protocol, ScriptedFault fault)
    {
        foreach (var (name, value) in fault.Headers) http.Response.Headers[name] = value;
        var status = fault.Status!.Value;
        return SendAsync(status, "application/json", fault.Body ?? ScriptedAnswer.Write(ScriptedModel.Of(protocol).Error(status, fault.Message, fault.Code)), "refused");
    }

    private async Task SendAsync(int status, string type, string text, string outcome)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        await http.Response.WriteAsync(text, stop);
        if (outcome == "answered") Answered(status);
        else Note(status, outcome);
    }

    private async Task AsideAsync(string path, JsonObject? body)
    {
        if (path.EndsWith("/count_tokens", StringComparison.Ordinal) && body is not null)
            await SendAsync(200, "application/json", new JsonObject { ["input_tokens"] = ScriptedText.Tokens(body.ToJsonString()) }.ToJsonString(), "answered");
        else if (path.EndsWith("/models", StringComparison.Ordinal))
            await SendAsync(200, "application/json", ScriptedLists.Models(model.Models, anthropic: http.Request.Headers.ContainsKey("anthropic-version")).ToJsonString(), "answered");
        else if (path.StartsWith("/api/", StringComparison.Ordinal))
            await OllamaAsync(path, body);
        else
            await SendAsync(HttpMethods.IsHead(http.Request.Method) || HttpMethods.IsGet(http.Request.Method) ? 200 : 404, "text/plain", "", "answered");
    }

    private async Task OllamaAsync(string path, JsonObject? body)
    {
        if (path != "/api/pull")
        {
            var answer = model.Ollama.Answer(path);
            await SendAsync(answer is null ? 404 : 200, "application/json", answer?.ToJsonString() ?? """{"error":"not found"}""", "answered");
            return;
        }

        http.Response.ContentType = "application/x-ndjson";
        foreach (var line in model.Ollama.Pull(ScriptedText.String(body?["model"] ?? body?["name"])))
            await WriteAsync(line.ToJsonString() + "\n", new ScriptedFault());
        Answered(200);
    }
}

internal sealed class ScriptedCutException : Exception;
