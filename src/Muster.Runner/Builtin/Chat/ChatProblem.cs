using System.Net;
using System.Text.Json;

namespace Muster.Runner.Builtin.Chat;

/// <summary>Says what a refusal means. The gateway's own name their code in a header; others are judged by status.</summary>
internal static class ChatProblem
{
    public const string Header = "Muster-Problem";

    private const int MaxMessage = 600;

    public static GatewayException From(HttpResponseMessage response, string body)
    {
        var code = response.Headers.TryGetValues(Header, out var values) ? values.FirstOrDefault() : null;
        var message = Message(body) ?? $"status {(int)response.StatusCode}";
        return new GatewayException(Classify(code, response.StatusCode, message), message) { RetryAfter = response.Headers.RetryAfter?.Delta };
    }

    /// <summary>An error that came in the middle of an answer.</summary>
    public static GatewayException FromStream(JsonElement error)
    {
        var code = error.ValueKind == JsonValueKind.Object && error.TryGetProperty("code", out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        var message = Message($$"""{"error":{{error.GetRawText()}}}""") ?? "an error without a message";
        return new GatewayException(Named(code) ?? GatewayFailure.Broken, message);
    }

    private static GatewayFailure Classify(string? code, HttpStatusCode status, string message) => Named(code) ?? (int)status switch
    {
        402 => GatewayFailure.Budget,
        408 or 409 or 425 or 429 or >= 500 => GatewayFailure.Broken,
        400 or 413 when SaysTooLong(message) => GatewayFailure.TooLong,
        _ => GatewayFailure.Refused,
    };

    private static GatewayFailure? Named(string? code) => code switch
    {
        "budget" => GatewayFailure.Budget,
        "provider_down" => GatewayFailure.ProviderDown,
        "models_off" => GatewayFailure.ModelsOff,
        "lease_lost" => GatewayFailure.LeaseLost,
        "context_length_exceeded" => GatewayFailure.TooLong,
        _ => null,
    };

    // Every provider has its own words for it; none has a status of its own.
    private static bool SaysTooLong(string message) =>
        new[] { "context length", "context window", "context_length", "too long", "too many tokens", "maximum context" }.Any(words => message.Contains(words, StringComparison.OrdinalIgnoreCase));

    private static string? Message(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            var error = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out var inner) ? inner : root;
            var text = error.ValueKind switch
            {
                JsonValueKind.String => error.GetString(),
                JsonValueKind.Object when error.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.String => message.GetString(),
                _ => null,
            };
            return Shorten(text);
        }
        catch (JsonException)
        {
            return Shorten(body);
        }
    }

    private static string? Shorten(string? text) => string.IsNullOrWhiteSpace(text) ? null : Texts.Cut(text.Trim(), MaxMessage);
}
