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
    public required string Fingerprint { get; init; }
    public required JsonObject Request { get; init; }

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
