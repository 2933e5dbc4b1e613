using System.Text.Json;
using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Protocols.Chat;

/// <summary>Reads the chunks of a chat completion, and whole ones. Only the first choice is read; a caller that asks for several is passed through.</summary>
internal sealed class ChatAnswerReader : IAnswerReader
{
    private readonly SortedDictionary<int, string> _open = [];
    private bool _begun;
    private bool _stopped;

    public void Read(in StreamEvent streamed, ICollection<AnswerEvent> into)
    {
        if (streamed.Data.IsEmpty) return;
        if (streamed.Data.Span.Trim((byte)' ').SequenceEqual("[DONE]"u8))
        {
            // An end without a reason is what some servers send when they were cut themselves.
            if (_stopped) into.Add(new AnswerEnded());
            return;
        }

        var chunk = WireJson.Parse(streamed.Data);
        if (Failure(chunk) is { } failed)
        {
            into.Add(failed);
            return;
        }

        if (!_begun && (chunk.Get("choices") is not null || chunk.Text("model") is not null))
        {
            _begun = true;
            into.Add(new AnswerBegun(chunk.Text("id"), chunk.Text("model")));
        }

        foreach (var choice in chunk.Items("choices"))
        {
            if (choice.Whole("index") is > 0) continue;
            if (choice.Get("delta") is { } delta) Delta(delta, into);
            if (choice.Text("finish_reason") is not { } reason) continue;
            if (reason == "error")
            {
                into.Add(new AnswerFailed(502, reason, "The provider ended its answer with an error."));
                return;
            }

            foreach (var index in _open.Keys) into.Add(new CallEnded(index));
            _open.Clear();
            _stopped = true;
            into.Add(new AnswerStopped(Reason(reason)));
        }

        if (Usage(chunk) is { } usage) into.Add(usage);
    }

    public static IReadOnlyList<AnswerEvent> Whole(JsonElement answer)
    {
        if (Failure(answer) is { } failed) return [failed];
        var choice = answer.Items("choices").Where(c => c.Whole("index") is null or 0).Cast<JsonElement?>().FirstOrDefault();
        if (choice.Get("message") is not { } message) throw new ProtocolException("The answer has no message.");
        List<AnswerEvent> events = [new AnswerBegun(answer.Text("id"), answer.Text("model"))];
        if ((message.Text("reasoning_content") ?? message.Text("reasoning")) is { Length: > 0 } thought) events.Add(new ThoughtPiece(thought));
        if (Content(message) is { Length: > 0 } text) events.Add(new TextPiece(text));
        var index = 0;
        foreach (var call in message.Items("tool_calls"))
        {
            events.Add(new CallBegun(index, call.Text("id") ?? $"call_{index}", call.Get("function").Text("name") ?? ""));
            events.Add(new CallArguments(index, call.Get("function").Text("arguments") ?? "{}"));
            events.Add(new CallEnded(index++));
        }

        if (Usage(answer) is { } usage) events.Add(usage);
        events.Add(new AnswerStopped(Reason(choice.Text("finish_reason") ?? (index > 0 ? "tool_calls" : "stop"))));
        events.Add(new AnswerEnded());
        return events;
    }

    /// <summary>OpenAI counts cached tokens within the prompt's; here they stand apart.</summary>
    public static UsageSeen? Usage(JsonElement answer)
    {
        if ((answer.Get("usage") ?? answer.Get("x_groq").Get("usage")) is not { } usage || usage.Count("prompt_tokens") is not { } prompt) return null;
        var details = usage.Get("prompt_tokens_details");
        var cached = Math.Clamp(details.Count("cached_tokens") ?? 0, 0, prompt);
        var stored = Math.Clamp(details.Count("cache_write_tokens") ?? 0, 0, prompt - cached);
        return new UsageSeen(new TokenCounts(prompt - cached - stored, usage.Count("completion_tokens") ?? 0, cached, stored), usage.Number("cost"));
    }

    private void Delta(JsonElement delta, ICollection<AnswerEvent> into)
    {
        if ((delta.Text("reasoning_content") ?? delta.Text("reasoning")) is { Length: > 0 } thought) into.Add(new ThoughtPiece(thought));
        if ((delta.Text("content") ?? delta.Text("refusal")) is { Length: > 0 } text) into.Add(new TextPiece(text));
        foreach (var call in delta.Items("tool_calls"))
        {
            var index = (int)Math.Clamp(call.Whole("index") ?? 0, 0, 1000);
            var function = call.Get("function");
            if (!_open.ContainsKey(index))
            {
                // Gemini-like servers send the whole call in one piece, some without an id.
                _open[index] = call.Text("id") ?? $"call_{index}";
                into.Add(new CallBegun(index, _open[index], function.Text("name") ?? ""));
            }

            if (function.Text("arguments") is { Length: > 0 } arguments) into.Add(new CallArguments(index, arguments));
        }
    }

    private static AnswerFailed? Failure(JsonElement answer)
    {
        if (answer.Get("error") is not { } error) return null;
        var status = (int)Math.Clamp(error.Whole("code") ?? error.Whole("status") ?? 0, 0, 599);
        return new AnswerFailed(status, error.Text("type") ?? error.Text("code"), error.Text("message") ?? ((JsonElement?)error).AsText() ?? "The provider reports an error.");
    }

    private static string? Content(JsonElement message) => message.Get("content") switch
    {
        { ValueKind: JsonValueKind.String } text => ((JsonElement?)text).AsText(),
        { ValueKind: JsonValueKind.Array } parts => string.Concat(parts.EnumerateArray().Select(p => p.Text("text"))),
        _ => message.Text("refusal"),
    };

    private static StopReason Reason(string reason) => reason switch
    {
        "length" => StopReason.MaxTokens,
        "tool_calls" or "function_call" => StopReason.ToolCalls,
        "content_filter" => StopReason.Filtered,
        _ => StopReason.End,
    };
}
