using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;

namespace Muster.Contracts.Tools;

/// <summary>Whether JSON that was read can be written again.</summary>
public static class JsonText
{
    /// <summary>False for half a character of two (<c>"\ud800"</c>), which is valid JSON and no text. The writer is the judge: what it takes, every later answer can hold.</summary>
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
