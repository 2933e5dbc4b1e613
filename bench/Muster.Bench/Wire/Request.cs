using System.Globalization;
using System.Text;

namespace Muster.Bench.Wire;

/// <summary>The bytes of a request.</summary>
internal static class Request
{
    public static byte[] Get(string path, string token) => Bytes("GET", path, token, null, null);

    public static byte[] Post(string path, string token, string body, string? lease = null) => Bytes("POST", path, token, lease, body);

    public static byte[] Patch(string path, string token, string body, string? lease = null) => Bytes("PATCH", path, token, lease, body);

    private static byte[] Bytes(string method, string path, string token, string? lease, string? body)
    {
        var text = new StringBuilder(512).Append(CultureInfo.InvariantCulture, $"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n");
        if (lease is not null) text.Append(CultureInfo.InvariantCulture, $"Muster-Lease: {lease}\r\n");
        if (body is not null) text.Append(CultureInfo.InvariantCulture, $"Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n");
        return Encoding.UTF8.GetBytes(text.Append("\r\n").Append(body).ToString());
    }
}
