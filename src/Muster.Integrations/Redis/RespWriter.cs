using System.Buffers;
using System.Globalization;
using System.Text;

namespace Muster.Integrations.Redis;

/// <summary>A command as the server reads it: a list of byte strings, so that no value can be taken for a command.</summary>
internal static class RespWriter
{
    public static byte[] Write(params ReadOnlySpan<object> words)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        Line(buffer, '*', words.Length);
        foreach (var word in words)
        {
            var bytes = word switch
            {
                byte[] raw => raw,
                string text => Encoding.UTF8.GetBytes(text),
                IFormattable number => Encoding.UTF8.GetBytes(number.ToString(null, CultureInfo.InvariantCulture)),
                _ => throw new ArgumentException($"A {word.GetType().Name} is no word of a command.", nameof(words)),
            };
            Line(buffer, '$', bytes.Length);
            buffer.Write(bytes);
            buffer.Write("\r\n"u8);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Line(ArrayBufferWriter<byte> buffer, char kind, int number) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{kind}{number}\r\n"), buffer);
}
