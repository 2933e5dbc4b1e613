using System.Text.Json.Nodes;

namespace Muster.ControlPlane.Models.Protocols;

/// <summary>Errors in the shape that both protocols of OpenAI share.</summary>
internal static class OpenAiErrors
{
    public static JsonObject Body(int status, string message, string? code) =>
        new() { ["error"] = new JsonObject { ["message"] = message, ["type"] = Type(status), ["param"] = null, ["code"] = code } };

    private static string Type(int status) => status switch
    {
        401 => "authentication_error",
        402 => "insufficient_quota",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}
