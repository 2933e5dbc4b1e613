using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Muster.ControlPlane.Models.Calling;

namespace Muster.ControlPlane.Models.Recording;

/// <summary>One line of a recording: what a program asked, and what it was answered, in the order and the time in which it came.</summary>
public sealed record RecordedCall
{
    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        MaxDepth = 256,
    };

    public required int Number { get; init; }
    public required DateTimeOffset At { get; init; }
    public required ModelProtocol Protocol { get; init; }

    /// <summary>Where in the life of a task; null outside of one.</summary>
    public RunPlace? Place { get; init; }

    /// <summary>How often the model had answered in the conversation; null where it could not be read.</summary>
    public int? Turn { get; init; }

    /// <summary>Of <see cref="Request"/>.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Null in an excerpt, which is replayed by turns.</summary>
    public JsonObject? Request { get; init; }

    /// <summary>HTTP status of the answer.</summary>
    public required int Status { get; init; }
    public required string ContentType { get; init; }

    /// <summary>One of <see cref="CallOutcome"/>.</summary>
    public required string Outcome { get; init; }

    /// <summary>The leg that answered.</summary>
    public string? Leg { get; init; }
    public TokenCounts? Tokens { get; init; }
    public required IReadOnlyList<RecordedPiece> Pieces { get; init; }

    public byte[] Answer() => [.. Pieces.SelectMany(p => p.Bytes())];

    /// <summary>The calls of a recording, in their order.</summary>
    /// <exception cref="InvalidDataException">It is no recording; the message says where and why.</exception>
    public static IReadOnlyList<RecordedCall> Load(string path)
    {
        List<RecordedCall> calls = [];
        foreach (var line in File.ReadLines(path))
        {
            try
            {
                calls.Add(JsonSerializer.Deserialize<RecordedCall>(line, Json) ?? throw new JsonException("nothing"));
            }
            catch (JsonException error)
            {
                throw new InvalidDataException($"{path}, line {calls.Count + 1}, is no recorded call: {error.Message}", error);
            }
        }

        return calls;
    }

    public string ToLine() => JsonSerializer.Serialize(this, Json) + "\n";
}

/// <param name="AfterMs">Since the call began.</param>
/// <param name="Text">The bytes, where they are text.</param>
/// <param name="Base64">The bytes, where they are not.</param>
public sealed record RecordedPiece(int AfterMs, string? Text, string? Base64 = null)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public byte[] Bytes() => Text is null ? Convert.FromBase64String(Base64 ?? "") : Encoding.UTF8.GetBytes(Text);

    public static RecordedPiece Of(int afterMs, ReadOnlySpan<byte> bytes)
    {
        try
        {
            return new RecordedPiece(afterMs, Strict.GetString(bytes));
        }
        catch (DecoderFallbackException)
        {
            // A piece may end within a character.
            return new RecordedPiece(afterMs, null, Convert.ToBase64String(bytes));
        }
    }
}
