using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Contracts.Tools;

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
        return JsonText.IsWhole(json) ? json : throw new JsonException("half a character of two");
    }

    public override void Write(Utf8JsonWriter writer, JsonElement value, JsonSerializerOptions options) => value.WriteTo(writer);
}
