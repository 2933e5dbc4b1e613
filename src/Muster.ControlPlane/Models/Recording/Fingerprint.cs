using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Protocols;

namespace Muster.ControlPlane.Models.Recording;

/// <summary>
/// What a request says, without what differs from run to run: numbers, dates, ids, hashes, temporary folders; and without the
/// model and how much it may say. Two runs that go the same way have the same. Pure.
/// </summary>
public sealed partial record Fingerprint(IReadOnlyList<string> Lines)
{
    public string Hash { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\u001e', Lines))))[..24];

    public static Fingerprint Of(ModelProtocol protocol, JsonObject body)
    {
        try
        {
            return Of(Dialects.Of(protocol).Read(WireJson.Element(body)));
        }
        catch (ProtocolException)
        {
            // What only its own protocol can say is compared as it stands.
            var copy = WireJson.Copy(body).Without("model", "models", "provider", "max_tokens", "max_completion_tokens", "max_output_tokens", "stream_options", "metadata", "usage");
            return new Fingerprint([Steady(copy.ToJsonString())]);
        }
    }

    /// <summary>The first line in which they differ.</summary>
    public int CommonWith(Fingerprint other)
    {
        var at = 0;
        while (at < Lines.Count && at < other.Lines.Count && Lines[at] == other.Lines[at]) at++;
        return at;
    }

    private static Fingerprint Of(NeutralRequest request) => new(
    [
        .. request.System.Select(s => $"instructions: {Steady(s)}"),
        $"tools: {string.Join(' ', request.Tools.Select(t => t.Name).Order(StringComparer.Ordinal))}",
        .. request.Turns.SelectMany((turn, number) => turn.Parts.Select(part => $"turn {number + 1}, {(turn.Role == TurnRole.User ? "user" : "assistant")}: {Line(part)}")),
    ]);

    private static string Line(Part part) => part switch
    {
        TextPart text => Steady(text.Text),
        CallPart call => $"calls {call.Name} with {Steady(call.Arguments)}",
        ResultPart result => $"result {Steady(result.Text)}{string.Concat(result.Content.OfType<ImagePart>().Select(Image))}",
        ImagePart image => Image(image),
        _ => part.GetType().Name,
    };

    private static string Image(ImagePart image) => $"image {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(image.Address)))[..16]}";

    private static string Steady(string text) => Numbers().Replace(Changing().Replace(text.ReplaceLineEndings("\n").Trim(), "#"), "0");

    // Ids, hashes, folders for a moment.
    [GeneratedRegex("""[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|\b(?=[0-9a-f]*[0-9])[0-9a-f]{7,64}\b|(?:/tmp|/var/tmp|/var/folders|[A-Z]:\\\\?Users\\\\?[^\\\s]+\\\\?AppData\\\\?Local\\\\?Temp)[^\s"'`<>)]*""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Changing();

    [GeneratedRegex("[0-9]+", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Numbers();
}
