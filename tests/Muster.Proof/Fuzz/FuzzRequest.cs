using System.Text;

namespace Muster.Proof.Fuzz;

/// <summary>One request, in a form that can be made smaller and shown.</summary>
internal sealed record FuzzRequest(Operation Operation, string Path)
{
    public IReadOnlyList<(string Name, string Value)> Query { get; init; } = [];
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>Null sends none.</summary>
    public byte[]? Body { get; init; }
    public string ContentType { get; init; } = "application/json";

    /// <summary>Whose token: a scope, or <c>none</c>, <c>junk</c>, <c>revoked</c>.</summary>
    public required string Caller { get; init; }

    /// <summary>The same about an assignment that is held, where it is about one.</summary>
    public FuzzRequest About((string Assignment, string Task, string Lease)? held) => held is not { } given || !Operation.Path.StartsWith("/api/assignments/{id}/", StringComparison.Ordinal) ? this : this with
    {
        Path = Operation.Path.Replace("{id}", given.Assignment, StringComparison.Ordinal),
        Headers = [.. Headers.Where(h => h.Name != Contracts.Wire.LeaseHeader), (Contracts.Wire.LeaseHeader, given.Lease)],
    };

    public string Url => Path + (Query.Count == 0 ? "" : "?" + string.Join('&', Query.Select(q => $"{Uri.EscapeDataString(q.Name)}={Escape(q.Value)}")));

    /// <summary>Half a surrogate pair is sent as what it is in UTF-16, which is no valid UTF-8.</summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var rune in text.EnumerateRunes()) escaped.Append(Uri.EscapeDataString(rune.ToString()));
        return escaped.ToString();
    }

    public string Curl(Uri server)
    {
        var text = new StringBuilder($"curl -i -X {Operation.Method} '{server.GetLeftPart(UriPartial.Authority)}{Url.Replace("'", "%27", StringComparison.Ordinal)}'");
        if (Caller != "none") text.Append($" -H \"Authorization: Bearer ${Caller.ToUpperInvariant()}_TOKEN\"");
        foreach (var (name, value) in Headers) text.Append($" -H '{name}: {value.Replace("'", "'\\''", StringComparison.Ordinal)}'");
        if (Body is null) return text.ToString();
        text.Append($" -H 'Content-Type: {ContentType}'");
        return text.Append(Body.Length > 4000 ? $" --data-binary @- # {Body.Length} bytes: {Encoding.UTF8.GetString(Body[..200])}..." : $" --data-binary $'{Shell(Body)}'").ToString();
    }

    private static string Shell(byte[] body)
    {
        var text = new StringBuilder();
        foreach (var b in body) text.Append(b is >= 32 and < 127 and not (byte)'\'' and not (byte)'\\' ? $"{(char)b}" : $"\\x{b:x2}");
        return text.ToString();
    }
}
