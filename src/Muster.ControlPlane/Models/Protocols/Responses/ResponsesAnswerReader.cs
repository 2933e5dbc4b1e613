using System.Text.Json;
using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Protocols.Responses;

/// <summary>Reads the events of a response, and whole ones.</summary>
internal sealed class ResponsesAnswerReader : IAnswerReader
{
    private readonly HashSet<int> _open = [];
    private bool _called;
    private bool _begun;

    public void Read(in StreamEvent streamed, ICollection<AnswerEvent> into)
    {
        if (streamed.Data.IsEmpty || streamed.Data.Span.SequenceEqual("[DONE]"u8)) return;
        var happened = WireJson.Parse(streamed.Data);
        var index = (int)Math.Clamp(happened.Whole("output_index") ?? 0, 0, 100_000);
        switch (happened.Text("type") ?? streamed.Name)
        {
            case "response.created" or "response.in_progress" when !_begun && happened.Get("response") is { } response:
                _begun = true;
                into.Add(new AnswerBegun(response.Text("id"), response.Text("model")));
                break;
            case "response.output_text.delta" or "response.refusal.delta" when happened.Text("delta") is { Length: > 0 } text:
                into.Add(new TextPiece(text));
                break;
            case "response.reasoning_summary_text.delta" or "response.reasoning_text.delta" when happened.Text("delta") is { Length: > 0 } thought:
                into.Add(new ThoughtPiece(thought));
                break;
            case "response.output_item.added" when happened.Get("item") is { } item && item.Text("type") is "function_call" or "custom_tool_call":
                _called = true;
                _open.Add(index);
                into.Add(new CallBegun(index, item.Text("call_id") ?? "", item.Text("name") ?? ""));
                break;
            case "response.function_call_arguments.delta" or "response.custom_tool_call_input.delta" when happened.Text("delta") is { Length: > 0 } json:
                into.Add(new CallArguments(index, json));
                break;
            case "response.output_item.done":
                if (_open.Remove(index)) into.Add(new CallEnded(index));
                break;
            case "response.completed" or "response.incomplete" when happened.Get("response") is { } response:
                End(response, _called, into);
                break;
            case "response.failed":
                into.Add(Failure(happened.Get("response").Get("error")));
                break;
            case "error":
                into.Add(Failure(happened.Get("error") ?? happened));
                break;
        }
    }

    public static IReadOnlyList<AnswerEvent> Whole(JsonElement answer)
    {
        if (answer.Get("error") is { } error) return [Failure(error)];
        if (answer.Get("output") is not { ValueKind: JsonValueKind.Array } output) throw new ProtocolException("The answer has no output.");
        List<AnswerEvent> events = [new AnswerBegun(answer.Text("id"), answer.Text("model"))];
        var index = 0;
        foreach (var item in output.EnumerateArray())
        {
            switch (item.Text("type"))
            {
                case "reasoning":
                    events.AddRange(item.Items("summary").Concat(item.Items("content")).Select(s => s.Text("text")).OfType<string>().Select(t => new ThoughtPiece(t)));
                    break;
                case "message":
                    events.AddRange(item.Items("content").Select(c => c.Text("text") ?? c.Text("refusal")).OfType<string>().Select(t => new TextPiece(t)));
                    break;
                case "function_call" or "custom_tool_call":
                    events.AddRange(new CallBegun(index, item.Text("call_id") ?? "", item.Text("name") ?? ""), new CallArguments(index, item.Text("arguments") ?? item.Text("input") ?? "{}"), new CallEnded(index));
                    index++;
                    break;
            }
        }

        End(answer, index > 0, events);
        return events;
    }

    private static void End(JsonElement response, bool called, ICollection<AnswerEvent> into)
    {
        if (Usage(response) is { } usage) into.Add(usage);
        var reason = response.Get("incomplete_details").Text("reason") switch
        {
            "max_output_tokens" => StopReason.MaxTokens,
            "content_filter" => StopReason.Filtered,
            _ => called ? StopReason.ToolCalls : StopReason.End,
        };
        into.Add(new AnswerStopped(reason));
        into.Add(new AnswerEnded());
    }

    private static UsageSeen? Usage(JsonElement response)
    {
        if (response.Get("usage") is not { } usage || usage.Count("input_tokens") is not { } input) return null;
        var cached = Math.Clamp(usage.Get("input_tokens_details").Count("cached_tokens") ?? 0, 0, input);
        return new UsageSeen(new TokenCounts(input - cached, usage.Count("output_tokens") ?? 0, cached), usage.Number("cost"));
    }

    private static AnswerFailed Failure(JsonElement? error)
    {
        var code = error.Text("code") ?? error.Text("type");
        var status = code switch
        {
            "rate_limit_exceeded" => 429,
            "insufficient_quota" => 402,
            "invalid_prompt" or "invalid_request_error" or "context_length_exceeded" => 400,
            "server_is_overloaded" or "slow_down" => 503,
            "server_error" => 500,
            _ => 0,
        };
        return new AnswerFailed(status, code, error.Text("message") ?? "The provider reports an error.");
    }
}
