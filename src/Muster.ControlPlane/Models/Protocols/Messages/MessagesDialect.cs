using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Protocols.Messages;

/// <summary>Anthropic messages.</summary>
public sealed class MessagesDialect : IDialect
{
    public ModelProtocol Protocol => ModelProtocol.AnthropicMessages;

    public RequestLook Look(JsonObject body) => new(body.Text("model"), body.IsTrue("stream"), body.Limit("max_tokens"));

    public JsonObject Prepare(JsonObject body, string model, int maxTokens)
    {
        var copy = WireJson.Copy(body);
        copy["model"] = model;
        copy["max_tokens"] = Math.Min(copy.Limit("max_tokens") ?? maxTokens, maxTokens);
        ThoughtBlocks.Repair(copy);
        return copy;
    }

    public NeutralRequest Read(JsonElement body) => MessagesRequestReader.Read(body);

    public JsonObject Write(NeutralRequest request) => MessagesRequestWriter.Write(request);

    public IReadOnlyList<AnswerEvent> ReadWhole(JsonElement answer) => MessagesAnswerReader.Whole(answer);

    public IAnswerReader NewReader() => new MessagesAnswerReader();

    public JsonObject WriteWhole(WholeAnswer answer, NeutralRequest request) => MessagesAnswerWriter.Whole(answer, request);

    public IAnswerWriter NewWriter(string model, NeutralRequest request) => new MessagesAnswerWriter(model);

    public JsonObject Error(int status, string message, string? code = null) =>
        new() { ["type"] = "error", ["error"] = new JsonObject { ["type"] = ErrorType(status), ["message"] = message } };

    public byte[] StreamError(string message) => WireJson.Event("error", Error(500, message));

    private static string ErrorType(int status) => status switch
    {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 or 529 => "overloaded_error",
        504 => "timeout_error",
        >= 500 => "api_error",
        _ => "invalid_request_error",
    };
}
