using System.ComponentModel;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Request = ModelContextProtocol.Server.RequestContext<ModelContextProtocol.Protocol.CallToolRequestParams>;

namespace Muster.Conformance.Mcp;

/// <summary>The tools that the public suite calls by name: they try what the plane's own tools do not need.</summary>
public static class SuiteTools
{
    [McpServerTool(Name = "test_simple_text"), Description("Text")]
    public static string Text() => "This is a simple text response for testing.";

    [McpServerTool(Name = "test_image_content"), Description("An image")]
    public static ImageContentBlock Image() => new() { Data = SuiteText.Png, MimeType = "image/png" };

    [McpServerTool(Name = "test_audio_content"), Description("A sound")]
    public static AudioContentBlock Audio() => new() { Data = SuiteText.Wav, MimeType = "audio/wav" };

    [McpServerTool(Name = "test_embedded_resource"), Description("A resource")]
    public static EmbeddedResourceBlock Embedded() => new()
    {
        Resource = new TextResourceContents { Uri = "test://embedded-resource", MimeType = "text/plain", Text = "This is an embedded resource content." },
    };

    [McpServerTool(Name = "test_multiple_content_types"), Description("Several kinds")]
    public static ContentBlock[] Mixed() =>
    [
        new TextContentBlock { Text = "Multiple content types test:" },
        new ImageContentBlock { Data = SuiteText.Png, MimeType = "image/png" },
        new EmbeddedResourceBlock { Resource = new TextResourceContents { Uri = "test://mixed-content-resource", MimeType = "application/json", Text = """{"test":"data","value":123}""" } },
    ];

    [McpServerTool(Name = "test_tool_with_logging"), Description("Logs while it works")]
    public static async Task<string> LoggingAsync(Request request, CancellationToken ct)
    {
        var log = request.Server.AsClientLoggerProvider().CreateLogger("suite");
        foreach (var step in (string[])["Tool execution started", "Tool processing data", "Tool execution completed"])
        {
            log.LogInformation("{Step}", step);
            await Task.Delay(50, ct);
        }

        return "logged";
    }

    [McpServerTool(Name = "test_logging_tool"), Description("Logs for whoever asked for it")]
    public static string Logging(Request request)
    {
        request.Server.AsClientLoggerProvider().CreateLogger("suite").LogInformation("for nobody who did not ask");
        return "logged";
    }

    [McpServerTool(Name = "test_error_handling"), Description("Fails")]
    public static string Error() => throw new McpException("This tool intentionally returns an error for testing");

    [McpServerTool(Name = "test_tool_with_progress"), Description("Reports progress")]
    public static async Task<string> ProgressAsync(Request request, CancellationToken ct)
    {
        foreach (var done in (int[])[0, 50, 100])
        {
            if (request.Params?.ProgressToken is { } token) await request.Server.NotifyProgressAsync(token, new ProgressNotificationValue { Progress = done, Total = 100 }, cancellationToken: ct);
            await Task.Delay(50, ct);
        }

        return "done";
    }

    [McpServerTool(Name = "test_sampling"), Description("Asks the client's model")]
    public static async Task<string> SamplingAsync(Request request, string prompt, CancellationToken ct)
    {
        if (request.Server.ClientCapabilities?.Sampling is null) throw new McpException("The client has no model to ask.");
        var answer = await request.Server.SampleAsync(SuiteText.Ask(prompt), ct);
        return $"LLM response: {string.Concat(answer.Content.OfType<TextContentBlock>().Select(block => block.Text))}";
    }

    [McpServerTool(Name = "test_elicitation"), Description("Asks the client's person")]
    public static Task<string> ElicitAsync(Request request, string message, CancellationToken ct) =>
        FillInAsync(request, SuiteText.Form(message, """{ "username": { "type": "string", "description": "Name" }, "email": { "type": "string", "description": "Address" } }""", "username", "email"), ct);

    [McpServerTool(Name = "test_elicitation_sep1034_defaults"), Description("Asks with defaults")]
    public static Task<string> DefaultsAsync(Request request, CancellationToken ct) => FillInAsync(request, SuiteText.Form("With defaults",
        """
        { "name": { "type": "string", "default": "John Doe" }, "age": { "type": "integer", "default": 30 }, "score": { "type": "number", "default": 95.5 },
          "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" }, "verified": { "type": "boolean", "default": true } }
        """), ct);

    [McpServerTool(Name = "test_elicitation_sep1330_enums"), Description("Asks to choose")]
    public static Task<string> ChoicesAsync(Request request, CancellationToken ct) => FillInAsync(request, SuiteText.Form("Choose",
        """
        { "untitledSingle": { "type": "string", "enum": ["option1", "option2", "option3"] },
          "titledSingle": { "type": "string", "oneOf": [{ "const": "value1", "title": "First Option" }, { "const": "value2", "title": "Second Option" }, { "const": "value3", "title": "Third Option" }] },
          "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"] },
          "untitledMulti": { "type": "array", "items": { "type": "string", "enum": ["option1", "option2", "option3"] } },
          "titledMulti": { "type": "array", "items": { "anyOf": [{ "const": "value1", "title": "First Choice" }, { "const": "value2", "title": "Second Choice" }, { "const": "value3", "title": "Third Choice" }] } } }
        """), ct);

    [McpServerTool(Name = "test_reconnection"), Description("Lets the client come back for the answer")]
    public static async Task<string> ReconnectAsync(Request request, CancellationToken ct)
    {
        await request.EnablePollingAsync(TimeSpan.FromMilliseconds(500), ct);
        await Task.Delay(100, ct);
        return "Reconnection test completed successfully";
    }

    [McpServerTool(Name = "test_missing_capability"), Description("Needs a client with a model")]
    public static string NeedsSampling(Request request) => request.Server.ClientCapabilities?.Sampling is not null
        ? "It has one."
        : throw new MissingRequiredClientCapabilityException(new ClientCapabilities { Sampling = new() }, "The client declared no sampling.");

    [McpServerTool(Name = "test_streaming_elicitation"), Description("Streams nothing but its result")]
    public static string Streaming() => "result";

    /// <summary>A schema as it came, and a parameter that travels in a header as well.</summary>
    public static IEnumerable<McpServerTool> Raw()
    {
        var schema = McpServerTool.Create(() => "fits", new() { Name = "json_schema_2020_12_tool", Description = "Tool with JSON Schema 2020-12 features" });
        schema.ProtocolTool.InputSchema = JsonElement.Parse(
            """
            { "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
              "$defs": { "address": { "$anchor": "addressDef", "type": "object", "properties": { "street": { "type": "string" }, "city": { "type": "string" } } } },
              "properties": { "name": { "type": "string" }, "address": { "$ref": "#/$defs/address" }, "contactMethod": { "type": "string", "enum": ["phone", "email"] },
                "phone": { "type": "string" }, "email": { "type": "string" } },
              "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
              "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
              "then": { "required": ["phone"] }, "else": { "required": ["email"] }, "additionalProperties": false }
            """);
        yield return schema;
        var header = McpServerTool.Create((string region) => $"in {region}", new() { Name = "test_custom_header", Description = "Takes a parameter that is in a header as well" });
        header.ProtocolTool.InputSchema = JsonElement.Parse("""{ "type": "object", "properties": { "region": { "type": "string", "x-mcp-header": "Region" } }, "required": ["region"] }""");
        yield return header;
    }

    private static async Task<string> FillInAsync(Request request, ElicitRequestParams form, CancellationToken ct)
    {
        if (request.Server.ClientCapabilities?.Elicitation is null) throw new McpException("The client has nobody to ask.");
        var answer = await request.Server.ElicitAsync(form, ct);
        return $"User response: action={answer.Action}, content={JsonSerializer.Serialize(answer.Content)}";
    }
}
