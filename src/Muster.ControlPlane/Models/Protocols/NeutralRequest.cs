using System.Text.Json;

namespace Muster.ControlPlane.Models.Protocols;

/// <summary>A request to a model in no protocol's words: what all of them can say.</summary>
public sealed record NeutralRequest
{
    public required string Model { get; init; }
    public bool Stream { get; init; }

    /// <summary>Whether the caller of a streamed chat asked for a last piece with the usage.</summary>
    public bool StreamUsage { get; init; }
    public int? MaxTokens { get; init; }
    public double? Temperature { get; init; }
    public double? TopP { get; init; }
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Instructions, in order.</summary>
    public IReadOnlyList<string> System { get; init; } = [];
    public required IReadOnlyList<Turn> Turns { get; init; }
    public IReadOnlyList<ToolForm> Tools { get; init; } = [];
    public ToolChoice? Choice { get; init; }

    /// <summary>Whether several tools may be called at once; null leaves it to the provider.</summary>
    public bool? ParallelCalls { get; init; }
    public AnswerFormat? Format { get; init; }

    /// <summary>How much to think first: <c>minimal</c>, <c>low</c>, <c>medium</c>, <c>high</c>; null leaves it to the provider.</summary>
    public string? Effort { get; init; }
}

public enum TurnRole
{
    User,
    Assistant,
}

/// <summary>What one side said at once. Results of tools are the user's.</summary>
public sealed record Turn(TurnRole Role, IReadOnlyList<Part> Parts);

public abstract record Part;

public sealed record TextPart(string Text) : Part;

/// <summary>An image, by its bytes or by its address; as it came.</summary>
/// <param name="MediaType">Such as <c>image/png</c>; with <paramref name="Base64"/>.</param>
/// <param name="Base64">Its bytes.</param>
/// <param name="Url">Its address, when there are no bytes.</param>
public sealed record ImagePart(string? MediaType, string? Base64, string? Url) : Part
{
    /// <summary>As the OpenAI protocols want it.</summary>
    public string Address => Base64 is null ? Url ?? "" : $"data:{MediaType};base64,{Base64}";

    /// <summary>From an address that may hold the bytes itself.</summary>
    public static ImagePart Of(string address)
    {
        const string Mark = ";base64,";
        var at = address.StartsWith("data:", StringComparison.Ordinal) ? address.IndexOf(Mark, StringComparison.Ordinal) : -1;
        return at < 0 ? new ImagePart(null, null, address) : new ImagePart(address[5..at], address[(at + Mark.Length)..], null);
    }
}

/// <param name="Id">Names the call where its result comes.</param>
/// <param name="Name">The tool.</param>
/// <param name="Arguments">JSON text of an object.</param>
public sealed record CallPart(string Id, string Name, string Arguments) : Part;

public sealed record ResultPart(string CallId, IReadOnlyList<Part> Content, bool IsError = false) : Part
{
    public string Text => string.Join('\n', Content.OfType<TextPart>().Select(t => t.Text));
}

/// <param name="Name">What the model calls it by.</param>
/// <param name="Description">For the model.</param>
/// <param name="Schema">JSON schema of the arguments; null for none.</param>
/// <param name="Strict">Whether the arguments must match the schema.</param>
/// <param name="Freeform">The tool takes plain text; elsewhere it is a function with one text named <c>input</c>.</param>
/// <param name="Group">The namespace that the caller's protocol keeps it in; null for none.</param>
public sealed record ToolForm(string Name, string? Description, JsonElement? Schema, bool? Strict = null, bool Freeform = false, string? Group = null);

public enum ToolUse
{
    Auto,
    None,
    Required,
    Named,
}

public sealed record ToolChoice(ToolUse Use, string? Name = null);

/// <summary>The answer is to be JSON.</summary>
/// <param name="Schema">Its schema; null for any object.</param>
/// <param name="Name">Name of the schema.</param>
/// <param name="Strict">Whether the answer must match.</param>
public sealed record AnswerFormat(JsonElement? Schema, string? Name = null, bool? Strict = null);
