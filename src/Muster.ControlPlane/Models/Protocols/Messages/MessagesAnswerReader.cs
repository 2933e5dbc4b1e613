using System.Text.Json;
using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Protocols.Messages;

/// <summary>Reads the events of an Anthropic message, and whole ones.</summary>
internal sealed class MessagesAnswerReader : IAnswerReader
{
    private readonly HashSet<int> _calls = [];
    private TokenCounts _tokens = new(0, 0);

    public void Read(in StreamEvent streamed, ICollection<AnswerEvent> into)
    {
        if (streamed.Data.IsEmpty) return;
        var happened = WireJson.Parse(streamed.Data);
        var index = (int)Math.Clamp(happened.Whole("index") ?? 0, 0, 100_000);
        switch (happened.Text("type") ?? streamed.Name)
        {
            case "message_start" when happened.Get("message") is { } message:
                into.Add(new AnswerBegun(message.Text("id"), message.Text("model")));
                Count(message.Get("usage"), into);
                break;
            case "content_block_start" when happened.Get("content_block") is { } block:
                Begin(index, block, into);
                break;
            case "content_block_delta" when happened.Get("delta") is { } delta:
                Delta(index, delta, into);
                break;
            case "content_block_stop":
                if (_calls.Remove(index)) into.Add(new CallEnded(index));
                break;
            case "message_delta":
                Count(happened.Get("usage"), into);
                if (happened.Get("delta").Text("stop_reason") is { } reason) into.Add(new AnswerStopped(Reason(reason), happened.Get("delta").Text("stop_sequence")));
                break;
            case "message_stop":
                into.Add(new AnswerEnded());
                break;
            case "error":
                into.Add(Failure(happened));
                break;
        }
    }

    public static IReadOnlyList<AnswerEvent> Whole(JsonElement answer)
    {
        if (answer.Text("type") == "error" || answer.Get("error") is not null) return [Failure(answer)];
        if (answer.Get("content") is not { ValueKind: JsonValueKind.Array } content) throw new ProtocolException("The answer has no content.");
        List<AnswerEvent> events = [new AnswerBegun(answer.Text("id"), answer.Text("model"))];
        var reader = new MessagesAnswerReader();
        var index = 0;
        foreach (var block in content.EnumerateArray())
        {
            if (block.Text("type") == "tool_use")
            {
                events.AddRange(new CallBegun(index, block.Text("id") ?? "", block.Text("name") ?? ""), new CallArguments(index, block.Get("input")?.GetRawText() ?? "{}"), new CallEnded(index));
            }
            else
            {
                reader.Begin(index, block, events);
            }

            index++;
        }

        reader.Count(answer.Get("usage"), events);
        events.Add(new AnswerStopped(Reason(answer.Text("stop_reason") ?? "end_turn"), answer.Text("stop_sequence")));
        events.Add(new AnswerEnded());
        return events;
    }

    private void Begin(int index, JsonElement block, ICollection<AnswerEvent> into)
    {
        switch (block.Text("type"))
        {
            case "text" when block.Text("text") is { Length: > 0 } text:
                into.Add(new TextPiece(text));
                break;
            case "thinking" when block.Text("thinking") is { Length: > 0 } thought:
                into.Add(new ThoughtPiece(thought));
                break;
            case "tool_use":
                _calls.Add(index);
                into.Add(new CallBegun(index, block.Text("id") ?? "", block.Text("name") ?? ""));
                break;
        }
    }

    private void Delta(int index, JsonElement delta, ICollection<AnswerEvent> into)
    {
        switch (delta.Text("type"))
        {
            case "text_delta" when delta.Text("text") is { Length: > 0 } text:
                into.Add(new TextPiece(text));
                break;
            case "thinking_delta" when delta.Text("thinking") is { Length: > 0 } thought:
                into.Add(new ThoughtPiece(thought));
                break;
            // Tools that ran at the provider write arguments too; they are nobody's to answer.
            case "input_json_delta" when _calls.Contains(index) && delta.Text("partial_json") is { Length: > 0 } json:
                into.Add(new CallArguments(index, json));
                break;
        }
    }

    // Counts of a later event replace those before; it names only some of them.
    private void Count(JsonElement? usage, ICollection<AnswerEvent> into)
    {
        if (usage is not { } counts) return;
        _tokens = new TokenCounts(
            counts.Count("input_tokens") ?? _tokens.In,
            counts.Count("output_tokens") ?? _tokens.Out,
            counts.Count("cache_read_input_tokens") ?? _tokens.Cached,
            counts.Count("cache_creation_input_tokens") ?? _tokens.Stored);
        into.Add(new UsageSeen(_tokens, counts.Number("cost")));
    }

    private static AnswerFailed Failure(JsonElement answer)
    {
        var error = answer.Get("error");
        var type = error.Text("type");
        return new AnswerFailed(Status(type), type, error.Text("message") ?? "The provider reports an error.");
    }

    private static int Status(string? type) => type switch
    {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "overloaded_error" => 529,
        "timeout_error" => 504,
        "api_error" => 500,
        _ => 0,
    };

    private static StopReason Reason(string reason) => reason switch
    {
        "max_tokens" or "model_context_window_exceeded" => StopReason.MaxTokens,
        "tool_use" => StopReason.ToolCalls,
        "stop_sequence" => StopReason.StopSequence,
        "refusal" => StopReason.Filtered,
        _ => StopReason.End,
    };
}
