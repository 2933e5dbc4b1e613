using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Muster.Runner.Sandbox;

/// <summary>What a client asks a proxy for: a tunnel to a host, or one request to be passed on.</summary>
/// <param name="Host">In lower case.</param>
/// <param name="Port">Of the host.</param>
/// <param name="IsTunnel">Whether it is <c>CONNECT</c>.</param>
/// <param name="Head">Request line as the server takes it, and the headers.</param>
/// <param name="Rest">What came behind the head already.</param>
internal sealed record GateRequest(string Host, int Port, bool IsTunnel, string Head, byte[] Rest)
{
    /// <returns>Null when it is none.</returns>
    public static async Task<GateRequest?> ReadAsync(NetworkStream client, int mostBytes, CancellationToken ct)
    {
        var buffer = new byte[mostBytes];
        var length = 0;
        while (true)
        {
            var read = await client.ReadAsync(buffer.AsMemory(length), ct);
            if (read == 0) return null;
            length += read;
            var end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0) return Parse(Encoding.Latin1.GetString(buffer, 0, end), buffer[(end + 4)..length]);
            if (length == mostBytes) return null;
        }
    }

    public static GateRequest? Parse(string head, byte[] rest)
    {
        var lines = head.Split("\r\n");
        if (lines[0].Split(' ') is not [{ Length: > 0 } method, var target, "HTTP/1.1" or "HTTP/1.0"] || head.Any(c => c is '\0')) return null;
        if (method == "CONNECT")
        {
            var colon = target.LastIndexOf(':');
            return colon > 0 && int.TryParse(target.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
                ? new GateRequest(target[..colon].ToLowerInvariant(), port, true, "", rest)
                : null;
        }

        if (!Uri.TryCreate(target, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttp || uri.UserInfo.Length > 0) return null;
        // The server is asked for what was judged, whatever the client's own header says.
        var headers = lines.Skip(1).Where(line => !Is(line, "Host") && !Is(line, "Connection") && !line.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase));
        return new GateRequest(uri.IdnHost.ToLowerInvariant(), uri.Port, false, string.Join("\r\n", [$"{method} {uri.PathAndQuery} HTTP/1.1", $"Host: {uri.Authority}", "Connection: close", .. headers]), rest);
    }

    public byte[] Forwarded() => Encoding.Latin1.GetBytes(Head + "\r\n\r\n");

    private static bool Is(string line, string name) => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase);
}
