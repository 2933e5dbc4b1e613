using System.Text;
using System.Text.Json;
using Muster.Contracts;

namespace Muster.Client.Http;

/// <summary>Reads answers without trusting their size or shape.</summary>
internal static class Bodies
{
    private const int MaxProblemBytes = 64 * 1024;
    private const int MaxShownCharacters = 300;

    public static async Task<T> ReadJsonAsync<T>(HttpResponseMessage response, long limit, CancellationToken ct)
    {
        var (bytes, whole) = await ReadAsync(response, limit, ct);
        if (!whole)
            throw Unusable(response, $"The answer is larger than {limit} bytes. Ask for less, with a smaller limit.");
        try
        {
            if (JsonSerializer.Deserialize<T>(bytes.Span, Wire.Json) is { } value)
                return value;
        }
        catch (JsonException e)
        {
            throw Unusable(response, $"The answer is not the JSON of {typeof(T).Name}. Is the address that of a Muster plane of this version?", e);
        }
        throw Unusable(response, $"The answer is empty where {typeof(T).Name} was expected.");
    }

    public static async Task<Problem> ReadProblemAsync(HttpResponseMessage response, CancellationToken ct)
    {
        var (bytes, whole) = await ReadAsync(response, MaxProblemBytes, ct);
        var status = (int)response.StatusCode;
        if (whole && response.Content.Headers.ContentType?.MediaType is { } type && type.EndsWith("json", StringComparison.OrdinalIgnoreCase))
        {
            try
            {
                // The status of the answer counts, not the one a body claims.
                if (JsonSerializer.Deserialize<Problem>(bytes.Span, Wire.Json) is { Code: not null, Title: not null } problem)
                    return problem with { Status = status };
            }
            catch (JsonException)
            {
                // Not a problem of ours: told below from the status and what text there is.
            }
        }
        return FromStatus(response, status, Encoding.UTF8.GetString(bytes.Span));
    }

    /// <summary>All of it; null when that is more than <paramref name="limit"/> bytes.</summary>
    public static ReadOnlyMemory<byte>? TryRead(Stream stream, long limit)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = stream.Read(chunk, 0, chunk.Length)) > 0)
        {
            if (buffer.Length + read > limit)
                return null;
            buffer.Write(chunk, 0, read);
        }
        return buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
    }

    private static Problem FromStatus(HttpResponseMessage response, int status, string body)
    {
        var shown = Printable(body);
        var sentence = response.Headers.Location is { } location && status is >= 300 and < 400
            ? $"The address answers with a redirect to {location}; use that address as server if you trust it."
            : $"The server answered {status} without a Muster problem{(shown.Length == 0 ? "." : ": " + shown)}";
        return new Problem { Title = response.ReasonPhrase ?? "Error", Status = status, Detail = sentence, Code = CodeOf(status) };
    }

    private static string CodeOf(int status) => status switch
    {
        401 => ProblemCodes.Unauthenticated,
        403 => ProblemCodes.Forbidden,
        404 => ProblemCodes.NotFound,
        409 => ProblemCodes.Conflict,
        413 => ProblemCodes.TooLarge,
        429 => ProblemCodes.RateLimited,
        502 or 503 or 504 => ProblemCodes.Unavailable,
        >= 400 and < 500 => ProblemCodes.Invalid,
        _ => ProblemCodes.Internal,
    };

    private static MusterException Unusable(HttpResponseMessage response, string detail, Exception? inner = null) => new(
        new Problem { Title = "Unusable answer", Status = (int)response.StatusCode, Detail = detail, Code = ProblemCodes.Internal }, inner);

    // Control characters of a hostile server must not reach a terminal.
    private static string Printable(string text)
    {
        var clean = new StringBuilder(MaxShownCharacters);
        foreach (var c in text)
        {
            if (clean.Length == MaxShownCharacters)
                return clean.Append('…').ToString();
            if (char.IsControl(c) || char.IsWhiteSpace(c))
            {
                if (clean.Length > 0 && clean[^1] != ' ')
                    clean.Append(' ');
            }
            else
            {
                clean.Append(c);
            }
        }
        return clean.ToString().TrimEnd();
    }

    /// <summary>At most <paramref name="limit"/> bytes, and whether that was all.</summary>
    private static async Task<(ReadOnlyMemory<byte> Bytes, bool Whole)> ReadAsync(HttpResponseMessage response, long limit, CancellationToken ct)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(ct);
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(chunk, ct)) > 0)
        {
            var room = limit - buffer.Length;
            buffer.Write(chunk, 0, (int)Math.Min(read, room));
            if (read > room)
                return (buffer.GetBuffer().AsMemory(0, (int)buffer.Length), false);
        }
        return (buffer.GetBuffer().AsMemory(0, (int)buffer.Length), true);
    }
}
