using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Muster.Conformance.Mcp;

/// <summary>What the suite's own tools say and ask, as the suite wants it.</summary>
internal static class SuiteText
{
    public static ReadOnlyMemory<byte> Png { get; } = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="u8.ToArray();

    public static ReadOnlyMemory<byte> Wav { get; } = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="u8.ToArray();

    public static CallToolResult Said(string text) => new() { Content = [new TextContentBlock { Text = text }] };

    /// <summary>A form to fill in, from its schema as JSON.</summary>
    public static ElicitRequestParams Form(string message, string properties, params string[] required) => JsonSerializer.Deserialize<ElicitRequestParams>(
        $$"""{ "message": "{{message}}", "requestedSchema": { "type": "object", "properties": {{properties}}, "required": {{JsonSerializer.Serialize(required)}} } }""", McpJsonUtilities.DefaultOptions)!;

    public static CreateMessageRequestParams Ask(string question, int tokens = 100) =>
        new() { Messages = [new SamplingMessage { Role = Role.User, Content = [new TextContentBlock { Text = question }] }], MaxTokens = tokens };
}
