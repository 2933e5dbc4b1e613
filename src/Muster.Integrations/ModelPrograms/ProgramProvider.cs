using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Protocols;

namespace Muster.Integrations.ModelPrograms;

/// <summary>A question as a program takes it.</summary>
/// <param name="Model">As the program calls it; null for its own choice.</param>
/// <param name="System">Instructions.</param>
/// <param name="Text">All that was said, in order.</param>
internal sealed record ProgramQuestion(string? Model, string System, string Text);

/// <summary>What a program answered.</summary>
/// <param name="Status">As HTTP would say it; 200 when all is well.</param>
/// <param name="Text">The answer, or why there is none.</param>
/// <param name="Tokens">As the program counted them.</param>
/// <param name="Model">The model that it says answered.</param>
internal sealed record ProgramReply(int Status, string Text, TokenCounts Tokens, string? Model = null);

/// <summary>
/// A coding program with an account of its own as a provider of answers: for a person who has no key, and is signed in. Questions
/// only; whoever works with tools has the program itself do the work, as an agent.
/// </summary>
/// <param name="settings">Its name and its times.</param>
/// <param name="title">As its makers write it.</param>
/// <param name="executor">The executor that does work with it.</param>
/// <param name="ask">Asks it.</param>
internal sealed class ProgramProvider(ProviderSettings settings, string title, string executor, Func<ProgramQuestion, CancellationToken, Task<ProgramReply>> ask) : IModelProvider
{
    /// <summary>Stands for whatever the program takes by itself.</summary>
    public const string OwnChoice = "default";

    private static readonly HttpRequestOptionsKey<ProgramQuestion> Asked = new("muster.question");
    private static readonly Uri Nowhere = new("http://program.invalid/");

    public string Name => settings.Name;

    public IReadOnlyList<ModelProtocol> Protocols { get; } = [ModelProtocol.OpenAiChat];

    public ProviderTimes Times => settings.Times;

    public HttpRequestMessage Make(ProviderCall call)
    {
        if (call.Body["tools"] is JsonArray { Count: > 0 })
            throw new ProtocolException($"{title} answers questions here and takes no tools. To have it work: muster agent add NAME --executor {executor} --own-account.");
        var request = new HttpRequestMessage(HttpMethod.Post, Nowhere);
        request.Options.Set(Asked, Question(call));
        return request;
    }

    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct)
    {
        var question = request.Options.TryGetValue(Asked, out var asked) ? asked : throw new InvalidOperationException("A request of another provider.");
        var reply = await ask(question, ct);
        var body = reply.Status == 200 ? Whole(reply) : new JsonObject { ["error"] = new JsonObject { ["message"] = reply.Text } };
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body.ToJsonString()));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return new HttpResponseMessage((HttpStatusCode)reply.Status) { Content = content };
    }

    public ProviderFault Classify(FaultFacts facts) => FaultReading.Of(facts);

    public Task<IReadOnlyList<string>?> ListModelsAsync(CancellationToken ct) => Task.FromResult<IReadOnlyList<string>?>(null);

    private static ProgramQuestion Question(ProviderCall call)
    {
        var request = Dialects.Of(ModelProtocol.OpenAiChat).Read(JsonSerializer.SerializeToElement(call.Body));
        var system = request.System.Where(text => text.Length > 0).ToList();
        if (request.Format is { } format)
            system.Add(format.Schema is { } schema ? $"Answer with one JSON value that fits this schema, and with nothing else, not even a code fence:\n{schema.GetRawText()}" : "Answer with one JSON object and nothing else.");
        var turns = request.Turns.Select(turn => (turn.Role, Text: string.Join('\n', turn.Parts.OfType<TextPart>().Select(part => part.Text)))).Where(turn => turn.Text.Length > 0).ToList();
        // One who says a thing is simply asked; of a talk it must be seen who said what.
        var text = turns.Count == 1 ? turns[0].Text : string.Join("\n\n", turns.Select(turn => $"[{(turn.Role == TurnRole.User ? "user" : "you")}]\n{turn.Text}"));
        return new ProgramQuestion(call.Model == OwnChoice ? null : call.Model, string.Join("\n\n", system), text);
    }

    private static JsonObject Whole(ProgramReply reply) => new()
    {
        ["id"] = $"chatcmpl-{Guid.NewGuid():n}",
        ["object"] = "chat.completion",
        ["model"] = reply.Model ?? OwnChoice,
        ["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = reply.Text },
            ["finish_reason"] = "stop",
        }),
        ["usage"] = new JsonObject
        {
            ["prompt_tokens"] = reply.Tokens.In + reply.Tokens.Cached + reply.Tokens.Stored,
            ["completion_tokens"] = reply.Tokens.Out,
            ["total_tokens"] = reply.Tokens.Total,
            ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = reply.Tokens.Cached },
        },
    };
}
