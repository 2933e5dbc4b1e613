using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Features;
using Muster.Contracts;
using Muster.Contracts.Security;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Protocols;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Work;


namespace Muster.ControlPlane.Models.Gateway;

/// <summary>
/// <c>/llm/...</c>: what agents' programs take for OpenAI, Anthropic and Google. The credential is the lease of their task. They are
/// others' protocols, so they stand in no document of ours, and errors come in the shape that the protocol has for them.
/// </summary>
public static class LlmApi
{
    private const long BodyLimit = 32 * 1024 * 1024;
    private const int MaxDepth = 128;

    /// <summary>Says which of our codes an error of another protocol stands for.</summary>
    public const string ProblemHeader = "Muster-Problem";

    private const string Ended = "The call was ended before its answer was whole: the lease of its task is lost, or models were switched off.";

    private static readonly string[] Passed = ["anthropic-beta", "anthropic-version", "openai-beta"];

    public static void MapLlm(this IEndpointRouteBuilder routes)
    {
        var llm = routes.MapGroup("/llm").ExcludeFromDescription().Admit(Access.Models);
        llm.MapPost("/openai/v1/chat/completions", (HttpContext http, ModelGateway gateway) => AnswerAsync(http, gateway, ModelProtocol.OpenAiChat));
        llm.MapPost("/openai/v1/responses", (HttpContext http, ModelGateway gateway) => AnswerAsync(http, gateway, ModelProtocol.OpenAiResponses));
        llm.MapPost("/anthropic/v1/messages", (HttpContext http, ModelGateway gateway) => AnswerAsync(http, gateway, ModelProtocol.AnthropicMessages));
        llm.MapPost("/anthropic/v1/messages/count_tokens", (HttpContext http, ModelGateway gateway) => CountAsync(http, gateway, ModelProtocol.AnthropicMessages, "input_tokens"));
        llm.MapPost("/gemini/{version}/models/{**call}", GenerateAsync);
        llm.MapGet("/gemini/{version}/models", (ModelRoutes models) => GoogleModels(models));
        llm.MapGet("/openai/v1/models", (ModelRoutes models) => new JsonObject { ["object"] = "list", ["data"] = new JsonArray([.. models.All.Select(OpenAiModel)]) });
        llm.MapGet("/openai/v1/models/{**id}", (string id, ModelGateway gateway) => OpenAiModel(gateway.Route(id)));
        llm.MapGet("/anthropic/v1/models", (ModelRoutes models) => AnthropicModels(models));
        llm.MapMethods("/anthropic", ["GET", "HEAD"], () => TypedResults.Ok());
    }

    /// <summary>Google's protocol has the model and what to do with it in the path, as <c>smart:streamGenerateContent</c>.</summary>
    private static Task GenerateAsync(HttpContext http, string call, ModelGateway gateway)
    {
        var colon = call.LastIndexOf(':');
        var (name, verb) = colon < 0 ? (call, "") : (call[..colon], call[(colon + 1)..]);
        const ModelProtocol Protocol = ModelProtocol.GoogleGenerate;
        return verb switch
        {
            "generateContent" => AnswerAsync(http, gateway, Protocol, name, stream: false),
            "streamGenerateContent" when http.Request.Query["alt"] == "sse" => AnswerAsync(http, gateway, Protocol, name, stream: true),
            "streamGenerateContent" => RefuseAsync(http, Dialects.Of(Protocol), 400, ProblemCodes.Invalid, "Answers are streamed as server-sent events only: add ?alt=sse.", null),
            "countTokens" => CountAsync(http, gateway, Protocol, "totalTokens", name),
            _ => RefuseAsync(http, Dialects.Of(Protocol), 404, ProblemCodes.NotFound, "There are generateContent, streamGenerateContent and countTokens here.", null),
        };
    }

    private static async Task AnswerAsync(HttpContext http, ModelGateway gateway, ModelProtocol protocol, string? model = null, bool stream = false)
    {
        var dialect = Dialects.Of(protocol);
        var answer = new HttpModelAnswer(http.Response);
        try
        {
            var body = await ReadAsync(http);
            if (model is not null) (body["model"], body["stream"]) = (model, stream);
            var outcome = await gateway.CallAsync(Credential(http), protocol, body, Passing(http), answer, http.RequestAborted);
            if (answer.HasBegun)
            {
                if (outcome.Outcome == CallOutcome.Cancelled && !http.RequestAborted.IsCancellationRequested) await CutAsync(http, dialect, answer);
                return;
            }

            var (status, code) = outcome.Outcome switch
            {
                CallOutcome.ProviderDown => (503, ProblemCodes.ProviderDown),
                CallOutcome.Cancelled => (401, ProblemCodes.LeaseLost),
                _ => (400, ProblemCodes.Invalid),
            };
            await RefuseAsync(http, dialect, status, code, outcome.Reason ?? Ended, outcome.RetryAfter);
        }
        catch (Refusal refusal) when (!answer.HasBegun)
        {
            await RefuseAsync(http, dialect, Status(refusal), refusal.Code, refusal.Message, refusal.RetryAfter);
        }
        catch (ProtocolException wrong) when (!answer.HasBegun)
        {
            await RefuseAsync(http, dialect, 400, ProblemCodes.Invalid, wrong.Message, null);
        }
    }

    /// <summary>What was told so far must not look like all of it.</summary>
    private static async Task CutAsync(HttpContext http, IDialect dialect, HttpModelAnswer answer)
    {
        if (http.Response.ContentType?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) == true) await answer.WriteAsync(dialect.StreamError(Ended), http.RequestAborted);
        else http.Abort();
    }

    /// <param name="http">The request.</param>
    /// <param name="gateway">Counts.</param>
    /// <param name="protocol">Of the request.</param>
    /// <param name="member">What the protocol calls the number.</param>
    /// <param name="model">Where the body does not name it.</param>
    private static async Task CountAsync(HttpContext http, ModelGateway gateway, ModelProtocol protocol, string member, string? model = null)
    {
        var dialect = Dialects.Of(protocol);
        try
        {
            var body = await ReadAsync(http);
            if (body["generateContentRequest"] is JsonObject inner) body = WireJson.Copy(inner);
            if (model is not null) body["model"] = model;
            await http.Response.WriteAsJsonAsync(new JsonObject { [member] = await gateway.CountAsync(Credential(http), protocol, body, Passing(http), http.RequestAborted) }, http.RequestAborted);
        }
        catch (Refusal refusal)
        {
            await RefuseAsync(http, dialect, Status(refusal), refusal.Code, refusal.Message, null);
        }
    }

    private static async Task<JsonObject> ReadAsync(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = BodyLimit;
        try
        {
            return await JsonNode.ParseAsync(http.Request.Body, documentOptions: new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false }, cancellationToken: http.RequestAborted) as JsonObject
                ?? throw Refusal.Invalid("body", "The body is no JSON object.");
        }
        catch (JsonException error)
        {
            throw Refusal.Invalid("body", $"The body is no JSON{(error.LineNumber is { } line ? $" (line {line + 1})" : "")}.");
        }
    }

    private static Dictionary<string, string> Passing(HttpContext http) =>
        Passed.Where(http.Request.Headers.ContainsKey).ToDictionary(n => n, n => http.Request.Headers[n].ToString(), StringComparer.OrdinalIgnoreCase);

    // Programs take 401 for "stop", and try again after most others.
    private static int Status(Refusal refusal) => refusal.Code is ProblemCodes.LeaseLost or ProblemCodes.LeaseRequired ? 401 : refusal.Status;

    private static ModelCredential Credential(HttpContext http)
    {
        if (http.Items[typeof(LeaseToken)] is string lease) return new ModelCredential(lease);
        var principal = http.Principal();
        return new ModelCredential(null, principal.Scope == Scopes.Agent ? principal.Name : null);
    }

    private static Task RefuseAsync(HttpContext http, IDialect dialect, int status, string code, string message, TimeSpan? retryAfter)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        http.Response.Headers[ProblemHeader] = code;
        // The clients of both vendors heed this: what the plane refuses, asking again at once does not change.
        http.Response.Headers["x-should-retry"] = "false";
        if (retryAfter is { } wait) http.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return http.Response.WriteAsync(dialect.Error(status, message, code).ToJsonString(), http.RequestAborted);
    }

    private static JsonObject OpenAiModel(ModelRoute route) => new() { ["id"] = route.Name, ["object"] = "model", ["created"] = 0, ["owned_by"] = "muster" };

    private static JsonObject GoogleModels(ModelRoutes models) => new()
    {
        ["models"] = new JsonArray([.. models.All.Select(r => (JsonNode)new JsonObject
        {
            ["name"] = $"models/{r.Name}",
            ["displayName"] = r.Name,
            ["supportedGenerationMethods"] = new JsonArray("generateContent", "streamGenerateContent", "countTokens"),
        })]),
    };

    private static JsonObject AnthropicModels(ModelRoutes models)
    {
        var names = models.All.Select(r => r.Name).ToList();
        return new JsonObject
        {
            ["data"] = new JsonArray([.. names.Select(n => (JsonNode)new JsonObject { ["type"] = "model", ["id"] = n, ["display_name"] = n, ["created_at"] = "2026-01-01T00:00:00Z" })]),
            ["has_more"] = false,
            ["first_id"] = names.FirstOrDefault(),
            ["last_id"] = names.LastOrDefault(),
        };
    }
}
