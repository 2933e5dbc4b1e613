using System.Text.Json.Nodes;

namespace Muster.ControlPlane.Models.Protocols;

/// <summary>Tokens of a text where nobody has counted them: about four characters each, as English and code have. Images are about a thousand each.</summary>
public static class TokenEstimate
{
    private const int PerImage = 1000;

    public static long OfCharacters(long characters) => (characters + 3) / 4;

    /// <summary>Of a whole request.</summary>
    public static long Of(JsonObject body)
    {
        long characters = 0, images = 0;
        Count(body, ref characters, ref images);
        return OfCharacters(characters) + (images * PerImage);
    }

    private static void Count(JsonNode? node, ref long characters, ref long images)
    {
        switch (node)
        {
            case JsonObject map:
                foreach (var (name, value) in map)
                {
                    characters += name.Length;
                    if (name == "data" && IsImage(map)) images++;
                    else Count(value, ref characters, ref images);
                }

                break;
            case JsonArray list:
                foreach (var item in list) Count(item, ref characters, ref images);
                break;
            case JsonValue value when value.TryGetValue<string>(out var text):
                if (text.StartsWith("data:image/", StringComparison.Ordinal)) images++;
                else characters += text.Length;
                break;
            case not null:
                characters += 4;
                break;
        }
    }

    // As the protocols say it beside the bytes. Anything else that is long is text: to guess would let a long text pass for little.
    private static bool IsImage(JsonObject map) => ((string[])["media_type", "mimeType", "mime_type"]).Any(name => map[name] is JsonValue type && type.TryGetValue<string>(out var text) && text.StartsWith("image/", StringComparison.Ordinal));
}
