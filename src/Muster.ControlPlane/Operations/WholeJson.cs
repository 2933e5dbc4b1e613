using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;

namespace Muster.ControlPlane.Operations;

/// <summary>
/// JSON that is kept as it came. Half a character of two (<c>"\ud800"</c>) can be read as JSON but never be written again, so
/// it is refused at the door, before anything is stored.
/// </summary>
public sealed class WholeJson : JsonConverter<JsonElement>
{
    public override JsonElement Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var json = JsonElement.ParseValue(ref reader);
        return IsWhole(json) ? json : throw new JsonException("half a character of two");
    }

    public override void Write(Utf8JsonWriter writer, JsonElement value, JsonSerializerOptions options) => value.WriteTo(writer);

    /// <summary>The writer is the judge: what it takes, every later answer can hold.</summary>
    public static bool IsWhole(JsonElement json)
    {
        // The writer mends names that are not UTF-8; whoever asks for them later would fail.
        if (!Utf8.IsValid(JsonMarshal.GetRawUtf8Value(json))) return false;
        try
        {
            using var writer = new Utf8JsonWriter(Stream.Null);
            json.WriteTo(writer);
            return true;
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException)
        {
            return false;
        }
    }
}
