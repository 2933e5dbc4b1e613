using System.Text.Json;

namespace Muster.Runner.Builtin.Tools;

/// <summary>A tool with the code behind it.</summary>
/// <param name="Declaration">What the model is told.</param>
/// <param name="CallAsync">Carries a call out.</param>
internal sealed record AgentTool(ToolDeclaration Declaration, Func<JsonElement, CancellationToken, Task<ToolResult>> CallAsync)
{
    public string Name => Declaration.Name;

    public static AgentTool Create(string name, string description, IReadOnlyList<ToolParameter> parameters, Func<ToolArguments, CancellationToken, Task<string>> call) =>
        new(new ToolDeclaration(name, description, ToolParameter.Schema(parameters)), async (arguments, ct) =>
        {
            RefuseUnknown(arguments, name, parameters);
            return new ToolResult(await call(new ToolArguments(arguments), ct));
        });

    // What a model meant by it would be lost without a word, a misspelt summary for one.
    private static void RefuseUnknown(JsonElement arguments, string tool, IReadOnlyList<ToolParameter> parameters)
    {
        if (arguments.ValueKind != JsonValueKind.Object) return;
        var unknown = arguments.EnumerateObject().Select(given => given.Name).Where(name => parameters.All(parameter => parameter.Name != name)).ToList();
        if (unknown.Count == 0) return;
        var takes = parameters.Count == 0 ? "no arguments" : string.Join(", ", parameters.Select(parameter => parameter.Name));
        throw new ToolFailureException($"The argument '{Texts.Cut(unknown[0], 100)}' is unknown. {tool} takes {takes}. Nothing was done.");
    }
}

/// <summary>An argument of a tool.</summary>
/// <param name="Type"><c>string</c>, <c>integer</c>, <c>boolean</c> or <c>strings</c>.</param>
internal sealed record ToolParameter(string Name, string Type, string Description, bool Required = true)
{
    /// <summary>The only values it takes, when it takes few.</summary>
    public IReadOnlyList<string>? Values { get; init; }

    public static JsonElement Schema(IReadOnlyList<ToolParameter> parameters) => JsonSerializer.SerializeToElement(new Dictionary<string, object>(StringComparer.Ordinal)
    {
        ["type"] = "object",
        ["properties"] = parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Describe(), StringComparer.Ordinal),
        ["required"] = parameters.Where(parameter => parameter.Required).Select(parameter => parameter.Name).ToList(),
        ["additionalProperties"] = false,
    });

    private Dictionary<string, object> Describe()
    {
        var schema = new Dictionary<string, object>(StringComparer.Ordinal) { ["type"] = Type == "strings" ? "array" : Type, ["description"] = Description };
        if (Type == "strings") schema["items"] = new Dictionary<string, object>(StringComparer.Ordinal) { ["type"] = "string" };
        if (Values is not null) schema["enum"] = Values;
        return schema;
    }
}

/// <summary>What the model passed, taken as the types it should have.</summary>
internal sealed class ToolArguments(JsonElement json)
{
    /// <exception cref="ToolFailureException">It is missing or no text.</exception>
    public string Text(string name) => OptionalText(name) ?? throw new ToolFailureException($"The argument '{name}' is missing.");

    public string? OptionalText(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        // Models write numbers where a text is meant.
        { ValueKind: JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False } value => value.GetRawText(),
        _ => throw new ToolFailureException($"The argument '{name}' must be a string."),
    };

    public int Number(string name, int otherwise, int min, int max) => Find(name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.Number } value when value.TryGetDouble(out var number) => (int)Math.Clamp(number, min, max),
        { ValueKind: JsonValueKind.String } value when int.TryParse(value.GetString(), out var number) => Math.Clamp(number, min, max),
        _ => throw new ToolFailureException($"The argument '{name}' must be a whole number from {min} to {max}."),
    };

    public bool Flag(string name) => Find(name) switch
    {
        null or { ValueKind: JsonValueKind.False } => false,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.String } value when bool.TryParse(value.GetString(), out var flag) => flag,
        _ => throw new ToolFailureException($"The argument '{name}' must be true or false."),
    };

    public IReadOnlyList<string> Texts(string name) => Find(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.String } value => [value.GetString()!],
        { ValueKind: JsonValueKind.Array } value when value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) => [.. value.EnumerateArray().Select(item => item.GetString()!)],
        _ => throw new ToolFailureException($"The argument '{name}' must be a list of strings."),
    };

    private JsonElement? Find(string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}

/// <summary>A tool could not do what was asked. The message is for the model, as data.</summary>
internal sealed class ToolFailureException(string message) : Exception(message);
