using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Muster.ControlPlane.Mcp.Http;

/// <summary>
/// Whether the headers of a request say the same as its message, as the revision without sessions asks: what stands between
/// client and plane may decide by headers, so a message must not say one thing and its headers another.
/// </summary>
internal static class McpHeaders
{
    public const string Session = "Mcp-Session-Id";
    public const string Version = "MCP-Protocol-Version";
    public const string LastEvent = "Last-Event-ID";
    public const string Stateless = "2026-07-28";

    private const string Method = "Mcp-Method";
    private const string Name = "Mcp-Name";
    private const string Parameter = "Mcp-Param-";

    /// <summary>The revision that a message names for itself; null when it names none.</summary>
    public static string? VersionIn(JsonRpcMessage message) =>
        Params(message) is JsonObject fields && fields["_meta"] is JsonObject meta && meta["io.modelcontextprotocol/protocolVersion"] is JsonValue value && value.TryGetValue<string>(out var said) ? said : null;

    /// <summary>What does not fit, as a sentence; null when all does.</summary>
    public static string? Mismatch(IHeaderDictionary headers, JsonRpcMessage message, McpServerOptions offered)
    {
        if (VersionIn(message) is { } version && version != headers[Version].ToString().Trim()) return $"The header {Version} must be '{version}', as the message says.";
        var (method, fields) = message switch
        {
            JsonRpcRequest request => (request.Method, request.Params as JsonObject),
            JsonRpcNotification notification => (notification.Method, notification.Params as JsonObject),
            _ => (null, null),
        };
        if (method is null) return null;
        if (headers[Method].ToString().Trim() != method) return $"The header {Method} must be '{method}', as the message says.";
        var named = method switch
        {
            RequestMethods.ToolsCall or RequestMethods.PromptsGet => Text(fields?["name"]),
            RequestMethods.ResourcesRead => Text(fields?["uri"]),
            _ => null,
        };
        if (named is not null && Decode(headers[Name].ToString()) != named) return $"The header {Name} must name what the message names.";
        return method == RequestMethods.ToolsCall && named is not null && offered.ToolCollection?.TryGetPrimitive(named, out var tool) == true
            ? ParameterMismatch(headers, tool.ProtocolTool.InputSchema, fields?["arguments"] as JsonObject)
            : null;
    }

    // A tool's schema may mark parameters that travel in headers as well.
    private static string? ParameterMismatch(IHeaderDictionary headers, JsonElement schema, JsonObject? arguments)
    {
        if (!schema.TryGetProperty("properties", out var properties)) return null;
        foreach (var property in properties.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Object || !property.Value.TryGetProperty("x-mcp-header", out var marked) || marked.GetString() is not { } header) continue;
            var argument = arguments?[property.Name];
            var sent = headers.TryGetValue(Parameter + header, out var values) ? Decode(values.ToString()) : null;
            var said = argument is JsonValue value ? Plain(value) : null;
            if (said != sent) return $"The header {Parameter}{header} must be what the message says for '{property.Name}'.";
        }

        return null;
    }

    private static string Plain(JsonValue value) => value.GetValueKind() switch
    {
        JsonValueKind.String => value.GetValue<string>(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => value.ToJsonString(),
    };

    /// <summary>A header's value as text; null when it claims to be encoded and is not.</summary>
    private static string? Decode(string value)
    {
        const string open = "=?base64?", close = "?=";
        var text = value.Trim();
        if (text.Length < open.Length + close.Length || !text.StartsWith(open, StringComparison.Ordinal) || !text.EndsWith(close, StringComparison.Ordinal)) return text;
        var encoded = text[open.Length..^close.Length];
        var bytes = new byte[encoded.Length];
        // Strict: what one program decodes and another does not, is a way past the one in between.
        return encoded.Length % 4 == 0 && Convert.TryFromBase64String(encoded, bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length) : null;
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static JsonNode? Params(JsonRpcMessage message) => message switch
    {
        JsonRpcRequest request => request.Params,
        JsonRpcNotification notification => notification.Params,
        _ => null,
    };
}
