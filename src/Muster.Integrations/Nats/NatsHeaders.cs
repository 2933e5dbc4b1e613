using System.Globalization;
using System.Text;

namespace Muster.Integrations.Nats;

/// <summary>Headers of a message: a version line, <c>Name: value</c> lines, an empty line.</summary>
internal static class NatsHeaders
{
    private const string Version = "NATS/1.0";

    public static byte[] Write(params ReadOnlySpan<(string Name, string Value)> headers)
    {
        if (headers.IsEmpty) return [];
        var text = new StringBuilder(Version).Append("\r\n");
        foreach (var (name, value) in headers) text.Append(name).Append(": ").Append(OneLine(value)).Append("\r\n");
        return Encoding.UTF8.GetBytes(text.Append("\r\n").ToString());
    }

    public static string? Find(byte[] headers, string name)
    {
        foreach (var line in Encoding.UTF8.GetString(headers).Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && line.AsSpan(0, colon).Trim().Equals(name, StringComparison.OrdinalIgnoreCase)) return line[(colon + 1)..].Trim();
        }

        return null;
    }

    public static int Status(byte[] headers)
    {
        if (headers.Length <= Version.Length) return 0;
        var line = Encoding.UTF8.GetString(headers).AsSpan();
        var end = line.IndexOf('\n');
        var first = (end < 0 ? line : line[..end]).Trim();
        if (!first.StartsWith(Version, StringComparison.Ordinal)) return 0;
        var rest = first[Version.Length..].Trim();
        return rest.Length >= 3 && int.TryParse(rest[..3], NumberStyles.None, CultureInfo.InvariantCulture, out var status) ? status : 0;
    }

    // A value from outside cannot add lines of its own.
    private static string OneLine(string value) => value.Any(char.IsControl) ? new string([.. value.Where(c => !char.IsControl(c))]) : value;
}
