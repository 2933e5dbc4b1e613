using System.Text.Json.Nodes;
using Muster.Contracts;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Ledger;
using Muster.ControlPlane.Models.Protocols;
using Muster.ControlPlane.Operations;


namespace Muster.ControlPlane.Models.Gateway;

/// <summary>The plane asks a model for itself: one request in, one text out, over the same gateway as everybody.</summary>
public sealed class PlaneModels(ModelGateway gateway, ModelRoutes routes, ProviderHealth health, PriceTable prices) : IModels
{
    private static readonly IReadOnlyDictionary<string, string> NoHeaders = new Dictionary<string, string>(StringComparer.Ordinal);

    public string? WhyNot(string route) => routes.Find(route, out var whyNot) is { } found ? health.WhyDown(found) : whyNot;

    public async Task<ModelReply> AskAsync(ModelQuestion question, CancellationToken ct)
    {
        var answer = new ReadAnswer(question.OnText);
        ModelOutcome outcome;
        try
        {
            outcome = await gateway.CallAsync(new ModelCredential(null, question.Agent, question.ProjectId), ModelProtocol.OpenAiChat, Body(question), NoHeaders, answer, ct);
        }
        catch (Refusal refusal)
        {
            throw new ModelsUnavailableException(refusal.Code, refusal.Message);
        }

        ct.ThrowIfCancellationRequested();
        if (outcome.Outcome != CallOutcome.Ok || answer.Read.Failure is not null)
            throw new ModelsUnavailableException(outcome.Outcome == CallOutcome.Refused ? ProblemCodes.Invalid : ProblemCodes.ProviderDown,
                outcome.Reason ?? answer.Read.Failure?.Message ?? "The model's answer was cut before its end.");
        var made = outcome.Tries[^1];
        var price = made.CostUsd ?? (prices.Of(made.Leg.Provider, made.Leg.Model) is { } known ? Nanos.Dollars(known.Nanos(made.Tokens)) : null);
        return new ModelReply { Text = answer.Read.Text, Provider = made.Leg.Provider, Model = made.Served ?? made.Leg.Model, TokensIn = made.Tokens.In + made.Tokens.Cached + made.Tokens.Stored, TokensOut = made.Tokens.Out, CostUsd = price };
    }

    private static JsonObject Body(ModelQuestion question)
    {
        var messages = new JsonArray { new JsonObject { ["role"] = "system", ["content"] = question.Instructions } };
        foreach (var turn in question.Turns) messages.Add(new JsonObject { ["role"] = turn.Role, ["content"] = turn.Text });
        var body = new JsonObject { ["model"] = question.Route, ["messages"] = messages, ["max_tokens"] = question.MaxTokens, ["stream"] = true };
        if (question.Schema is { } schema)
            body["response_format"] = new JsonObject { ["type"] = "json_schema", ["json_schema"] = new JsonObject { ["name"] = "answer", ["strict"] = true, ["schema"] = JsonNode.Parse(schema.GetRawText()) } };
        return body;
    }

    /// <summary>Reads the answer while it passes.</summary>
    private sealed class ReadAnswer(Action<string>? onText) : IModelAnswer
    {
        private readonly EventStream _stream = new();
        private readonly IAnswerReader _reader = Dialects.Of(ModelProtocol.OpenAiChat).NewReader();
        private bool _streamed;

        public WholeAnswer Read { get; } = new();

        public Task BeginAsync(int status, string contentType, IReadOnlyDictionary<string, string> headers, CancellationToken ct)
        {
            _streamed = contentType.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase);
            return Task.CompletedTask;
        }

        public Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
        {
            // What is not streamed is an error's body, and the outcome says what it was.
            if (!_streamed) return Task.CompletedTask;
            List<StreamEvent> came = [];
            _stream.Feed(bytes.Span, came);
            List<AnswerEvent> events = [];
            foreach (var one in came) _reader.Read(one, events);
            foreach (var happened in events)
            {
                Read.Add(happened);
                if (happened is TextPiece piece) onText?.Invoke(piece.Text);
            }

            return Task.CompletedTask;
        }
    }
}
