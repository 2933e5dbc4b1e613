using System.Security.Cryptography;
using System.Text.Json;
using Muster.Contracts;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Operations;

/// <summary>
/// Writes of one request. When it carries an <c>Idempotency-Key</c>, the answer is stored in the transaction of the
/// change itself: sent again with the same body it gets the first answer and changes nothing, with another body 422.
/// </summary>
public sealed class Writes(Store store, IHttpContextAccessor accessor)
{
    /// <param name="body">The request's body, as read.</param>
    /// <param name="operation">What to do, once.</param>
    /// <param name="keep">Which answers are worth repeating; an empty claim is not, since it changed nothing.</param>
    public Task<T> RunAsync<T>(object? body, Func<StoreTransaction, T> operation, CancellationToken ct, Func<T, bool>? keep = null)
    {
        var http = accessor.HttpContext;
        if (http is null || Key(http) is not { } key) return store.WriteAsync(operation, ct);

        var principal = http.Principal();
        var request = Fingerprint(http.Request, body);
        return store.WriteAsync(tx =>
        {
            var seen = tx.QueryFirst<Seen>("SELECT request, response FROM idempotency WHERE principal = @TokenId AND key = @key", new { principal.TokenId, key });
            if (seen is not null)
            {
                if (seen.Request != request) throw KeyUsedBefore();
                return JsonSerializer.Deserialize<T>(seen.Response, Wire.Json)!;
            }

            var result = operation(tx);
            if (keep is not null && !keep(result)) return result;
            tx.ExecuteOne("INSERT INTO idempotency (principal, key, request, response, at) VALUES (@TokenId, @key, @request, @response, @Now)",
                new { principal.TokenId, key, request, response = JsonSerializer.Serialize(result, Wire.Json), tx.Now });
            return result;
        }, ct);
    }

    /// <summary>The idempotency key of a request; null when it carries none.</summary>
    public static string? Key(HttpContext http)
    {
        var key = http.Request.Headers[Wire.IdempotencyHeader].ToString();
        if (key.Length > 200) throw Refusal.Invalid(Wire.IdempotencyHeader, "An idempotency key has at most 200 characters.");
        return key.Length == 0 ? null : key;
    }

    public static Refusal KeyUsedBefore() =>
        new(422, ProblemCodes.IdempotencyMismatch, "This Idempotency-Key was used before with another request. Use a new key for a new request.");

    public static string Fingerprint(HttpRequest request, object? body)
    {
        var text = $"{request.Method} {request.Path}{request.QueryString}\n{(body is null ? "" : JsonSerializer.Serialize(body, body.GetType(), Wire.Json))}";
        return Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));
    }

    private sealed record Seen
    {
        public string Request { get; init; } = "";
        public string Response { get; init; } = "";
    }
}
