using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Protocols.Chat;

/// <summary>OpenAI chat completions, as OpenAI, OpenRouter, Groq, Ollama and most others speak it.</summary>
public sealed class ChatDialect : IDialect
{
    public ModelProtocol Protocol => ModelProtocol.OpenAiChat;

    public RequestLook Look(JsonObject body) => new(body.Text("model"), body.IsTrue("stream"), body.Limit("max_completion_tokens") ?? body.Limit("max_tokens")) { Answers = body.Limit("n") ?? 1 };

    public JsonObject Prepare(JsonObject body, string model, int maxTokens)
    {
        var copy = WireJson.Copy(body);
        copy["model"] = model;
        var asked = copy.Limit("max_completion_tokens") ?? copy.Limit("max_tokens") ?? maxTokens;
        var name = copy.ContainsKey("max_completion_tokens") ? "max_completion_tokens" : "max_tokens";
        copy.Without("max_tokens", "max_completion_tokens")[name] = Math.Min(asked, maxTokens);
        if (!copy.IsTrue("stream")) return copy.Without("stream_options");
        var options = copy["stream_options"] as JsonObject ?? [];
        options["include_usage"] = true;
        if (options.Parent is null) copy["stream_options"] = options;
        return copy;
    }

    public NeutralRequest Read(JsonElement body) => ChatRequestReader.Read(body);

    public JsonObject Write(NeutralRequest request) => ChatRequestWriter.Write(request);

    public IReadOnlyList<AnswerEvent> ReadWhole(JsonElement answer) => ChatAnswerReader.Whole(answer);

    public IAnswerReader NewReader() => new ChatAnswerReader();

    public JsonObject WriteWhole(WholeAnswer answer, NeutralRequest request) => ChatAnswerWriter.Whole(answer, request);

    public IAnswerWriter NewWriter(string model, NeutralRequest request) => new ChatAnswerWriter(model, request);

    public JsonObject Error(int status, string message, string? code = null) => OpenAiErrors.Body(status, message, code);

    public byte[] StreamError(string message) => [.. WireJson.Event(null, OpenAiErrors.Body(502, message, "cut")), .. "data: [DONE]\n\n"u8];
}
