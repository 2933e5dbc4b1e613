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
                    Count(value, ref characters, ref images);
                }

                break;
            case JsonArray list:
                foreach (var item in list) Count(item, ref characters, ref images);
                break;
            case JsonValue value when value.TryGetValue<string>(out var text):
                if (IsBytes(text)) images++;
                else characters += text.Length;
                break;
            case not null:
                characters += 4;
                break;
        }
    }

    private static bool IsBytes(string text) => text.StartsWith("data:image/", StringComparison.Ordinal) || (text.Length > 2000 && !text.AsSpan(0, 200).ContainsAny(" \n\t"));
}
