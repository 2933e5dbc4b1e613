using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Protocols.Generate;

/// <summary>
/// Google's <c>generateContent</c>, which Gemini CLI speaks. There the model stands in the path and its verb says whether the answer is
/// streamed; here both are members of the body, <c>model</c> and <c>stream</c>, put there by whoever takes the request.
/// </summary>
public sealed class GenerateDialect : IDialect
{
    public ModelProtocol Protocol => ModelProtocol.GoogleGenerate;

    public RequestLook Look(JsonObject body) => new(body.Text("model"), body.IsTrue("stream"), (body["generationConfig"] as JsonObject)?.Limit("maxOutputTokens"))
    {
        Answers = (body["generationConfig"] as JsonObject)?.Limit("candidateCount") ?? 1,
        Continues = body["cachedContent"] is not null,
    };

    public JsonObject Prepare(JsonObject body, string model, int maxTokens)
    {
        var copy = WireJson.Copy(body);
        copy["model"] = model;
        if (copy["generationConfig"] is not JsonObject settings) copy["generationConfig"] = settings = [];
        settings["maxOutputTokens"] = Math.Min(settings.Limit("maxOutputTokens") ?? maxTokens, maxTokens);
        return copy;
    }

    public NeutralRequest Read(JsonElement body) => GenerateRequestReader.Read(body);

    public JsonObject Write(NeutralRequest request) => GenerateRequestWriter.Write(request);

    public IReadOnlyList<AnswerEvent> ReadWhole(JsonElement answer)
    {
        List<AnswerEvent> events = [];
        new GenerateAnswerReader().Read(answer, events);
        return events.Exists(e => e is AnswerEnded or AnswerFailed) ? events : throw new ProtocolException("The answer has no end.");
    }

    public IAnswerReader NewReader() => new GenerateAnswerReader();

    public JsonObject WriteWhole(WholeAnswer answer, NeutralRequest request) => GenerateAnswerWriter.Whole(answer, request);

    public IAnswerWriter NewWriter(string model, NeutralRequest request) => new GenerateAnswerWriter(model);

    public JsonObject Error(int status, string message, string? code = null) =>
        new() { ["error"] = new JsonObject { ["code"] = status, ["message"] = message, ["status"] = Word(status), ["details"] = code is null ? null : new JsonArray(new JsonObject { ["reason"] = code }) } };

    public byte[] StreamError(string message) => WireJson.Event(null, Error(502, message, "cut"));

    private static string Word(int status) => status switch
    {
        400 or 413 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        402 or 429 => "RESOURCE_EXHAUSTED",
        >= 502 => "UNAVAILABLE",
        >= 500 => "INTERNAL",
        _ => "FAILED_PRECONDITION",
    };
}
