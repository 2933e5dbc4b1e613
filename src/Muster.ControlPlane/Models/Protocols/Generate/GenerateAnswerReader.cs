using System.Text.Json;
using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Protocols.Generate;

/// <summary>Reads the pieces of an answer, and whole ones, which look the same. The piece that says why it stopped is the last.</summary>
internal sealed class GenerateAnswerReader : IAnswerReader
{
    private bool _begun;
    private bool _ended;
    private int _calls;

    public void Read(in StreamEvent streamed, ICollection<AnswerEvent> into)
    {
        if (!streamed.Data.IsEmpty) Read(WireJson.Parse(streamed.Data), into);
    }

    public void Read(JsonElement piece, ICollection<AnswerEvent> into)
    {
        if (piece.Get("error") is { } error)
        {
            into.Add(new AnswerFailed((int)Math.Clamp(error.Whole("code") ?? 0, 0, 599), error.Text("status"), error.Text("message") ?? "The provider reports an error."));
            return;
        }

        if (_ended) return;
        if (!_begun)
        {
            _begun = true;
            into.Add(new AnswerBegun(piece.Text("responseId"), piece.Text("modelVersion")));
        }

        var candidate = piece.Items("candidates").Where(c => c.Whole("index") is null or 0).Cast<JsonElement?>().FirstOrDefault();
        if (candidate.Get("content") is { } content) foreach (var part in content.Items("parts")) Part(part, into);
        if (Usage(piece) is { } usage) into.Add(usage);
        if ((candidate.Text("finishReason") ?? piece.Get("promptFeedback").Text("blockReason")) is { } reason) Stop(reason, into);
    }

    /// <summary>Google counts cached tokens within the prompt's, and thoughts beside the answer's.</summary>
    private static UsageSeen? Usage(JsonElement piece)
    {
        if (piece.Get("usageMetadata") is not { } usage || usage.Count("promptTokenCount") is not { } prompt) return null;
        var cached = Math.Clamp(usage.Count("cachedContentTokenCount") ?? 0, 0, prompt);
        return new UsageSeen(new TokenCounts(prompt - cached, (usage.Count("candidatesTokenCount") ?? 0) + (usage.Count("thoughtsTokenCount") ?? 0), cached));
    }

    private void Part(JsonElement part, ICollection<AnswerEvent> into)
    {
        if (part.Get("functionCall") is { } call)
        {
            var index = _calls++;
            into.Add(new CallBegun(index, call.Text("id") ?? $"call_{index}", call.Text("name") ?? ""));
            into.Add(new CallArguments(index, call.Get("args") is { } arguments ? arguments.GetRawText() : "{}"));
            into.Add(new CallEnded(index));
        }
        else if (part.Text("text") is { Length: > 0 } text)
        {
            into.Add(part.Flag("thought") == true ? new ThoughtPiece(text) : new TextPiece(text));
        }
    }

    private void Stop(string reason, ICollection<AnswerEvent> into)
    {
        _ended = true;
        if (reason is "MALFORMED_FUNCTION_CALL" or "UNEXPECTED_TOOL_CALL")
        {
            into.Add(new AnswerFailed(502, reason, "The model's call of a tool could not be read."));
            return;
        }

        into.Add(new AnswerStopped(reason switch
        {
            "MAX_TOKENS" => StopReason.MaxTokens,
            "STOP" or "FINISH_REASON_UNSPECIFIED" or "OTHER" => _calls > 0 ? StopReason.ToolCalls : StopReason.End,
            _ => StopReason.Filtered,
        }));
        into.Add(new AnswerEnded());
    }
}
