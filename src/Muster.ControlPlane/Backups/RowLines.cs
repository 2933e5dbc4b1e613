using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Muster.ControlPlane.Backups;

/// <summary>Rows as text that is the same for every engine: a JSON array a line, in gzip.</summary>
internal static class RowLines
{
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(IBufferWriter<byte> to, ReadOnlySpan<object?> row)
    {
        using (var json = new Utf8JsonWriter(to, Compact))
        {
            json.WriteStartArray();
            foreach (var value in row) Write(json, value);
            json.WriteEndArray();
        }

        to.Write("\n"u8);
    }

    public static byte[] Compress(ReadOnlySpan<byte> lines)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(lines);
        return packed.ToArray();
    }

    /// <summary>Reads the rows of a part back; every line goes into the hash of its table.</summary>
    public static async IAsyncEnumerable<object?[]> ReadAsync(Stream part, int columns, IncrementalHash hash, [EnumeratorCancellation] CancellationToken ct)
    {
        using var reader = new StreamReader(new GZipStream(part, CompressionMode.Decompress), Encoding.UTF8, detectEncodingFromByteOrderMarks: false, 64 * 1024);
        while (await reader.ReadLineAsync(ct) is { } line)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(line));
            hash.AppendData("\n"u8);
            yield return Parse(line, columns);
        }
    }

    private static object?[] Parse(string line, int columns)
    {
        using var document = JsonDocument.Parse(line);
        if (document.RootElement.GetArrayLength() != columns) throw new BackupException("A row of the backup has another number of columns than its table. Take another backup.");
        return [.. document.RootElement.EnumerateArray().Select(Value)];
    }

    private static object? Value(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number when element.TryGetInt64(out var whole) => whole,
        JsonValueKind.Number => element.GetDouble(),
        _ => throw new BackupException($"A row of the backup holds a {element.ValueKind}, which no column has. Take another backup."),
    };

    private static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null or DBNull:
                json.WriteNullValue();
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case long or int or short:
                json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case double number:
                json.WriteNumberValue(number);
                break;
            default:
                throw new InvalidOperationException($"The store has a column of type {value.GetType().Name}, which backups do not know.");
        }
    }
}
