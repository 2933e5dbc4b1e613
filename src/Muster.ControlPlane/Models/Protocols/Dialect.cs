using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Protocols;

/// <summary>One protocol in which models are asked: how its requests and answers are read and written. Pure; what has state is made per answer.</summary>
public interface IDialect
{
    ModelProtocol Protocol { get; }

    /// <summary>What matters before a call is admitted. Never throws: what is missing or of the wrong kind is left out.</summary>
    RequestLook Look(JsonObject body);

    /// <summary>A copy for a provider that speaks this protocol: the model's name set, the answer's tokens bounded, usage asked for.</summary>
    JsonObject Prepare(JsonObject body, string model, int maxTokens);

    /// <exception cref="ProtocolException">The request cannot be understood, or holds what another protocol cannot say.</exception>
    NeutralRequest Read(JsonElement body);

    JsonObject Write(NeutralRequest request);

    /// <summary>Reads a whole answer.</summary>
    IReadOnlyList<AnswerEvent> ReadWhole(JsonElement answer);

    /// <summary>Reads one streamed answer, event by event.</summary>
    IAnswerReader NewReader();

    JsonObject WriteWhole(WholeAnswer answer, NeutralRequest request);

    /// <summary>Writes one streamed answer, event by event.</summary>
    IAnswerWriter NewWriter(string model, NeutralRequest request);

    /// <summary>An error instead of an answer.</summary>
    /// <param name="status">HTTP status; the protocol's own word for it is derived.</param>
    /// <param name="message">For the caller.</param>
    /// <param name="code">Stable code; null for none.</param>
    JsonObject Error(int status, string message, string? code = null);

    /// <summary>The end of a streamed answer that was cut after part of it was delivered.</summary>
    byte[] StreamError(string message);
}

/// <param name="Model">The name asked for; null when there is none.</param>
/// <param name="Stream">Whether the answer is to come as it is made.</param>
/// <param name="MaxTokens">The most tokens asked for; null when the caller leaves that open.</param>
public sealed record RequestLook(string? Model, bool Stream, int? MaxTokens)
{
    /// <summary>Answers asked for at once, each as long as the first.</summary>
    public int Answers { get; init; } = 1;

    /// <summary>Whether it goes on with something that the provider keeps: what that costs, nobody here can say beforehand.</summary>
    public bool Continues { get; init; }
}

/// <summary>State of reading one streamed answer.</summary>
public interface IAnswerReader
{
    /// <summary>What one server-sent event says.</summary>
    /// <exception cref="ProtocolException">It is no event of this protocol.</exception>
    void Read(in StreamEvent streamed, ICollection<AnswerEvent> into);
}

/// <summary>State of writing one streamed answer.</summary>
public interface IAnswerWriter
{
    /// <summary>Bytes to send for an event; empty where it has none in this protocol. <see cref="AnswerEnded"/> closes what is open.</summary>
    byte[] Write(AnswerEvent happened);
}

/// <summary>What came is not what the protocol says. The message is for the caller or the log, and holds no secret.</summary>
public sealed class ProtocolException(string message) : Exception(message);

/// <summary>The protocols by name.</summary>
public static class Dialects
{
    private static readonly IDialect Chat = new Chat.ChatDialect();
    private static readonly IDialect Responses = new Responses.ResponsesDialect();
    private static readonly IDialect Messages = new Messages.MessagesDialect();
    private static readonly IDialect Generate = new Generate.GenerateDialect();

    public static IDialect Of(ModelProtocol protocol) => protocol switch
    {
        ModelProtocol.OpenAiChat => Chat,
        ModelProtocol.OpenAiResponses => Responses,
        ModelProtocol.AnthropicMessages => Messages,
        ModelProtocol.GoogleGenerate => Generate,
        _ => throw new ArgumentOutOfRangeException(nameof(protocol), protocol, "There is no such protocol."),
    };
}
