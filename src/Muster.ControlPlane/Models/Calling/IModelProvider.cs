using System.Text.Json.Nodes;
using Muster.ControlPlane.Models.Recording;

namespace Muster.ControlPlane.Models.Calling;

/// <summary>Port: whoever serves models.</summary>
public interface IModelProvider
{
    /// <summary>As it is named in the routes.</summary>
    string Name { get; }

    /// <summary>Best first. A caller that speaks one of them is passed through.</summary>
    IReadOnlyList<ModelProtocol> Protocols { get; }

    ProviderTimes Times { get; }

    /// <summary>Whether its answers come from a recording: they cost nothing, and what is made with them is a rehearsal.</summary>
    bool Replays => false;

    /// <summary>The request on the wire, with the provider's own fields and its key. Sent once.</summary>
    HttpRequestMessage Make(ProviderCall call);

    /// <summary>Answers when the headers are there.</summary>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct);

    /// <summary>What a failure means. <see cref="FaultReading"/> knows what most of them have in common.</summary>
    ProviderFault Classify(FaultFacts facts);

    /// <summary>The models it has, at no cost; null when it cannot tell.</summary>
    /// <exception cref="ProviderException">It could not be asked; the message says why.</exception>
    Task<IReadOnlyList<string>?> ListModelsAsync(CancellationToken ct);

    /// <summary>Makes a model ready where that is needed; null when it is ready, otherwise why not yet and when to ask again. Does not wait for long work.</summary>
    Task<ProviderFault?> PrepareAsync(string model, CancellationToken ct) => Task.FromResult<ProviderFault?>(null);

    /// <summary>Tokens of a request, counted by the provider; null when it does not count, or not now.</summary>
    Task<long?> CountTokensAsync(ProviderCall call, CancellationToken ct) => Task.FromResult<long?>(null);
}

/// <summary>One request to a provider.</summary>
/// <param name="Protocol">One of those that it speaks.</param>
/// <param name="Body">Complete but for what only this provider has; its to change.</param>
public sealed record ProviderCall(ModelProtocol Protocol, JsonObject Body)
{
    public required string Model { get; init; }

    /// <summary>Models of the same provider that the route names next, for those that fail over by themselves.</summary>
    public IReadOnlyList<string> NextModels { get; init; } = [];

    /// <summary>Headers of the caller, when it speaks the same protocol.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether the body was made from another protocol, so that what this model does not take may be left out.</summary>
    public bool Translated { get; init; }
    public string? AssignmentId { get; init; }
    public RunPlace? Place { get; init; }
}

/// <summary>How long a provider is waited for.</summary>
/// <param name="FirstByte">For the first byte of a streamed answer.</param>
/// <param name="FirstToken">For the first token of a streamed answer; signs of life do not count.</param>
/// <param name="Between">Between two bytes of a streamed answer.</param>
/// <param name="Whole">For an answer that is not streamed.</param>
public sealed record ProviderTimes(TimeSpan FirstByte, TimeSpan FirstToken, TimeSpan Between, TimeSpan Whole)
{
    public static ProviderTimes Default { get; } = new(TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(90), TimeSpan.FromMinutes(10));
}

/// <summary>A provider could not be asked for something other than an answer. The message is for people and holds no secret.</summary>
public sealed class ProviderException(string message, Exception? inner = null) : Exception(message, inner);
