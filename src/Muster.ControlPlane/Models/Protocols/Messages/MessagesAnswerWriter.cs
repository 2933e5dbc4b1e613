using System.Buffers;
using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Protocols.Messages;

/// <summary>Writes an answer as an Anthropic message, event by event or whole. Blocks follow one another; calls that come interleaved wait for their turn.</summary>
internal sealed class MessagesAnswerWriter(string model) : IAnswerWriter
{
    private const string None = "";
    private readonly ArrayBufferWriter<byte> _out = new();
    private readonly CallOrder _calls = new();
    private string _open = None;
    private int _index = -1;
    private bool _begun;
    private TokenCounts _tokens = new(0, 0);
    private AnswerStopped _stopped = new(StopReason.End);

    public byte[] Write(AnswerEvent happened)
    {
        _out.ResetWrittenCount();
        switch (happened)
        {
            case AnswerBegun begun:
                Begin(begun.Id, begun.Model);
                break;
            case UsageSeen usage:
                _tokens = usage.Tokens;
                break;
            case ThoughtPiece piece:
                Finish();
                Open("thinking", new JsonObject { ["type"] = "thinking", ["thinking"] = "", ["signature"] = "" });
                Delta(new JsonObject { ["type"] = "thinking_delta", ["thinking"] = piece.Text });
                break;
            case TextPiece piece:
                Finish();
                Open("text", new JsonObject { ["type"] = "text", ["text"] = "" });
                Delta(new JsonObject { ["type"] = "text_delta", ["text"] = piece.Text });
                break;
            case CallBegun or CallArguments or CallEnded:
                foreach (var turn in _calls.Next(happened)) Call(turn);
                break;
            case AnswerStopped stopped:
                _stopped = stopped;
                break;
            case AnswerEnded:
                Finish();
                End();
                break;
        }

        return _out.WrittenSpan.ToArray();
    }

    public static JsonObject Whole(WholeAnswer answer, NeutralRequest request)
    {
        var content = new JsonArray();
        if (answer.Thought.Length > 0) content.Add(new JsonObject { ["type"] = "thinking", ["thinking"] = answer.Thought, ["signature"] = ThoughtBlocks.Unsigned });
        if (answer.Text.Length > 0) content.Add(new JsonObject { ["type"] = "text", ["text"] = answer.Text });
        foreach (var call in answer.Calls) content.Add(new JsonObject { ["type"] = "tool_use", ["id"] = call.Id, ["name"] = call.Name, ["input"] = WireJson.Arguments(call.Arguments) });
        return new JsonObject
        {
            ["id"] = answer.Id ?? $"msg_{Guid.NewGuid():N}",
            ["type"] = "message",
            ["role"] = "assistant",
            ["model"] = answer.Model ?? request.Model,
            ["content"] = content,
            ["stop_reason"] = Reason(answer.Stop),
            ["stop_sequence"] = answer.StopSequence,
            ["usage"] = Usage(answer.Tokens ?? new TokenCounts(0, 0)),
        };
    }

    private void Begin(string? id, string? served)
    {
        if (_begun) return;
        _begun = true;
        Send("message_start", new JsonObject
        {
            ["message"] = new JsonObject
            {
                ["id"] = id ?? $"msg_{Guid.NewGuid():N}",
                ["type"] = "message",
                ["role"] = "assistant",
                ["model"] = served ?? model,
                ["content"] = new JsonArray(),
                ["stop_reason"] = null,
                ["stop_sequence"] = null,
                ["usage"] = Usage(_tokens),
            },
        });
    }

    private void Finish()
    {
        foreach (var turn in _calls.Rest()) Call(turn);
    }

    private void Call(AnswerEvent happened)
    {
        switch (happened)
        {
            case CallBegun call:
                Close();
                Open($"call {call.Index}", new JsonObject { ["type"] = "tool_use", ["id"] = call.Id, ["name"] = call.Name, ["input"] = new JsonObject() });
                break;
            case CallArguments piece:
                Delta(new JsonObject { ["type"] = "input_json_delta", ["partial_json"] = piece.Json });
                break;
            case CallEnded:
                Close();
                break;
        }
    }

    private void Open(string kind, JsonObject block)
    {
        if (_open == kind) return;
        Begin(null, null);
        Close();
        _open = kind;
        _index++;
        Send("content_block_start", new JsonObject { ["index"] = _index, ["content_block"] = block });
    }

    private void Delta(JsonObject delta) => Send("content_block_delta", new JsonObject { ["index"] = _index, ["delta"] = delta });

    private void Close()
    {
        if (_open == None) return;
        if (_open == "thinking") Delta(new JsonObject { ["type"] = "signature_delta", ["signature"] = ThoughtBlocks.Unsigned });
        _open = None;
        Send("content_block_stop", new JsonObject { ["index"] = _index });
    }

    private void End()
    {
        Begin(null, null);
        Close();
        Send("message_delta", new JsonObject { ["delta"] = new JsonObject { ["stop_reason"] = Reason(_stopped.Reason), ["stop_sequence"] = _stopped.Sequence }, ["usage"] = Usage(_tokens) });
        Send("message_stop", []);
    }

    private void Send(string type, JsonObject data)
    {
        data.Insert(0, "type", type);
        _out.Write(WireJson.Event(type, data));
    }

    private static JsonObject Usage(TokenCounts tokens) => new()
    {
        ["input_tokens"] = tokens.In,
        ["cache_creation_input_tokens"] = tokens.Stored,
        ["cache_read_input_tokens"] = tokens.Cached,
        ["output_tokens"] = tokens.Out,
    };

    private static string Reason(StopReason reason) => reason switch
    {
        StopReason.MaxTokens => "max_tokens",
        StopReason.ToolCalls => "tool_use",
        StopReason.StopSequence => "stop_sequence",
        StopReason.Filtered => "refusal",
        _ => "end_turn",
    };
}
