using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Protocols.Responses;

/// <summary>Writes an answer as the events of a response. Items follow one another; calls that come interleaved wait for their turn.</summary>
internal sealed class ResponsesAnswerWriter(string model, NeutralRequest request) : IAnswerWriter
{
    private readonly ArrayBufferWriter<byte> _out = new();
    private readonly JsonArray _output = [];
    private readonly CallOrder _calls = new();
    private readonly StringBuilder _written = new();
    private ResponseItems? _items;
    private string _open = "";
    private string _itemId = "";
    private CallBegun? _call;
    private TokenCounts? _tokens;
    private StopReason _stop = StopReason.End;
    private int _sequence;

    public byte[] Write(AnswerEvent happened)
    {
        _out.ResetWrittenCount();
        switch (happened)
        {
            case AnswerBegun begun:
                Begin(begun.Id, begun.Model);
                break;
            case ThoughtPiece piece:
                Open("reasoning");
                _written.Append(piece.Text);
                Send("response.reasoning_summary_text.delta", Place(summary: true), ("delta", piece.Text));
                break;
            case TextPiece piece:
                Open("message");
                _written.Append(piece.Text);
                Send("response.output_text.delta", Place(content: true), ("delta", piece.Text));
                break;
            case CallBegun or CallArguments or CallEnded:
                foreach (var turn in _calls.Next(happened)) Call(turn);
                break;
            case UsageSeen usage:
                _tokens = usage.Tokens;
                break;
            case AnswerStopped stopped:
                _stop = stopped.Reason;
                break;
            case AnswerEnded:
                Finish();
                Begin(null, null);
                Close();
                var response = _items!.Response(_output, _stop, _tokens ?? new TokenCounts(0, 0));
                Send(_stop is StopReason.MaxTokens or StopReason.Filtered ? "response.incomplete" : "response.completed", new JsonObject { ["response"] = response });
                break;
        }

        return _out.WrittenSpan.ToArray();
    }

    private void Begin(string? id, string? served)
    {
        if (_items is not null) return;
        _items = new ResponseItems(request, id, served ?? model);
        Send("response.created", new JsonObject { ["response"] = _items.Response([], null, null) });
        Send("response.in_progress", new JsonObject { ["response"] = _items.Response([], null, null) });
    }

    private void Finish()
    {
        foreach (var turn in _calls.Rest()) Call(turn);
    }

    private void Open(string kind)
    {
        Finish();
        if (_open == kind) return;
        Begin(null, null);
        Close();
        _open = kind;
        _itemId = kind == "message" ? ResponseItems.NewId("msg") : ResponsesDialect.ForeignThought + Guid.NewGuid().ToString("N");
        Added(kind == "message" ? ResponseItems.Message(_itemId, "", "in_progress") : ResponseItems.Thought(_itemId, ""));
        if (kind == "message") Send("response.content_part.added", Place(content: true), ("part", ResponseItems.Text("")));
        else Send("response.reasoning_summary_part.added", Place(summary: true), ("part", Summary("")));
    }

    private void Call(AnswerEvent happened)
    {
        switch (happened)
        {
            case CallBegun call:
                Begin(null, null);
                Close();
                (_open, _call, _itemId) = ("call", call, ResponseItems.NewId("fc"));
                Added(_items!.Call(_itemId, new CallPart(call.Id, call.Name, ""), "in_progress"));
                break;
            case CallArguments piece:
                _written.Append(piece.Json);
                // Plain text can be told from its JSON only when that is whole.
                if (!_items!.IsFreeform(_call!.Name)) Send("response.function_call_arguments.delta", Place(), ("delta", piece.Json));
                break;
            case CallEnded:
                Close();
                break;
        }
    }

    private void Close()
    {
        var text = _written.ToString();
        _written.Clear();
        var kind = _open;
        _open = "";
        switch (kind)
        {
            case "reasoning":
                Send("response.reasoning_summary_text.done", Place(summary: true), ("text", text));
                Send("response.reasoning_summary_part.done", Place(summary: true), ("part", Summary(text)));
                Done(ResponseItems.Thought(_itemId, text));
                break;
            case "message":
                Send("response.output_text.done", Place(content: true), ("text", text));
                Send("response.content_part.done", Place(content: true), ("part", ResponseItems.Text(text)));
                Done(ResponseItems.Message(_itemId, text, "completed"));
                break;
            case "call":
                CloseCall(new CallPart(_call!.Id, _call.Name, text.Length == 0 ? "{}" : text));
                break;
        }
    }

    private void CloseCall(CallPart call)
    {
        if (_items!.IsFreeform(call.Name))
        {
            var input = ToolForms.Unwrap(call.Arguments);
            Send("response.custom_tool_call_input.delta", Place(), ("delta", input));
            Send("response.custom_tool_call_input.done", Place(), ("input", input));
        }
        else
        {
            Send("response.function_call_arguments.done", Place(), ("arguments", call.Arguments));
        }

        Done(_items.Call(_itemId, call, "completed"));
    }

    private void Added(JsonObject item) => Send("response.output_item.added", new JsonObject { ["output_index"] = _output.Count, ["item"] = item });

    private void Done(JsonObject item)
    {
        Send("response.output_item.done", new JsonObject { ["output_index"] = _output.Count, ["item"] = item.DeepClone() });
        _output.Add((JsonNode)item);
    }

    private JsonObject Place(bool content = false, bool summary = false)
    {
        var place = new JsonObject { ["item_id"] = _itemId, ["output_index"] = _output.Count };
        if (content) place["content_index"] = 0;
        if (summary) place["summary_index"] = 0;
        return place;
    }

    private void Send(string type, JsonObject data, (string Name, JsonNode Value) with)
    {
        data[with.Name] = with.Value;
        Send(type, data);
    }

    private void Send(string type, JsonObject data)
    {
        data.Insert(0, "type", type);
        data["sequence_number"] = _sequence++;
        _out.Write(WireJson.Event(type, data));
    }

    private static JsonObject Summary(string text) => new() { ["type"] = "summary_text", ["text"] = text };
}
