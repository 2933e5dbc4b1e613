using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Protocols.Responses;

/// <summary>OpenAI responses, which Codex speaks.</summary>
public sealed class ResponsesDialect : IDialect
{
    /// <summary>How ids of thoughts begin that were not OpenAI's.</summary>
    internal const string ForeignThought = "rs_muster_";

    public ModelProtocol Protocol => ModelProtocol.OpenAiResponses;

    public RequestLook Look(JsonObject body) => new(body.Text("model"), body.IsTrue("stream"), body.Limit("max_output_tokens")) { Continues = body["previous_response_id"] is not null || body["conversation"] is not null };

    public JsonObject Prepare(JsonObject body, string model, int maxTokens)
    {
        var copy = WireJson.Copy(body);
        copy["model"] = model;
        copy["max_output_tokens"] = Math.Min(copy.Limit("max_output_tokens") ?? maxTokens, maxTokens);
        // Thoughts of another provider mean nothing to this one, and are refused.
        if (copy["input"] is JsonArray input)
            foreach (var thought in input.OfType<JsonObject>().Where(i => i.Text("type") == "reasoning" && i.Text("id")?.StartsWith(ForeignThought, StringComparison.Ordinal) == true).ToList()) input.Remove(thought);
        return copy;
    }

    public NeutralRequest Read(JsonElement body) => ResponsesRequestReader.Read(body);

    public JsonObject Write(NeutralRequest request) => ResponsesRequestWriter.Write(request);

    public IReadOnlyList<AnswerEvent> ReadWhole(JsonElement answer) => ResponsesAnswerReader.Whole(answer);

    public IAnswerReader NewReader() => new ResponsesAnswerReader();

    public JsonObject WriteWhole(WholeAnswer answer, NeutralRequest request) => new ResponseItems(request, answer.Id, answer.Model).Whole(answer);

    public IAnswerWriter NewWriter(string model, NeutralRequest request) => new ResponsesAnswerWriter(model, request);

    public JsonObject Error(int status, string message, string? code = null) => OpenAiErrors.Body(status, message, code);

    public byte[] StreamError(string message) =>
    [
        .. WireJson.Event("response.failed", new JsonObject
        {
            ["type"] = "response.failed",
            ["sequence_number"] = int.MaxValue - 1,
            ["response"] = new JsonObject { ["id"] = "resp_cut", ["object"] = "response", ["status"] = "failed", ["error"] = new JsonObject { ["code"] = "server_error", ["message"] = message }, ["output"] = new JsonArray() },
        }),
        .. WireJson.Event("error", new JsonObject { ["type"] = "error", ["code"] = "cut", ["message"] = message, ["param"] = null, ["sequence_number"] = int.MaxValue }),
    ];
}
