using System.ComponentModel;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Muster.Contracts.Conversations;

namespace Muster.ControlPlane.Conversations.Planning;

/// <summary>How a model's answer is described to it and read from it: one type, one schema, nothing else let in. Pure.</summary>
internal static class AnswerFormat
{
    private static readonly JsonSerializerOptions Strict = Create();

    /// <summary>The schema of an answer. Every property is required and none may be added, which is what providers' strict modes ask for.</summary>
    public static JsonElement SchemaOf<T>()
    {
        var node = Strict.GetJsonSchemaAsNode(typeof(T), new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Describe });
        return JsonSerializer.SerializeToElement(node);
    }

    /// <summary>Reads an answer; what is wrong with it as a sentence otherwise.</summary>
    public static (T? Answer, string? Fault) Read<T>(string text)
        where T : class
    {
        var json = Unfenced(text);
        if (json.Length == 0) return (null, "The answer is empty; answer with one JSON object of the schema.");
        try
        {
            return JsonSerializer.Deserialize<T>(json, Strict) is { } answer ? (answer, null) : (null, "The answer is null; answer with one JSON object of the schema.");
        }
        catch (JsonException error)
        {
            return (null, $"The answer is not JSON of the schema: {Wording.Line(error.Message, 300)}");
        }
    }

    // Many models put a fence around what they were asked to give bare.
    private static string Unfenced(string text)
    {
        var trimmed = text.Trim();
        if (!trimmed.StartsWith("```", StringComparison.Ordinal) || !trimmed.EndsWith("```", StringComparison.Ordinal)) return trimmed;
        var line = trimmed.IndexOf('\n', StringComparison.Ordinal);
        return line < 0 || line > trimmed.Length - 3 ? trimmed : trimmed[(line + 1)..^3].Trim();
    }

    private static JsonNode Describe(JsonSchemaExporterContext context, JsonNode schema)
    {
        if (schema is not JsonObject node) return schema;
        if (context.PropertyInfo?.AttributeProvider?.GetCustomAttributes(typeof(DescriptionAttribute), inherit: false).OfType<DescriptionAttribute>().FirstOrDefault() is { } said)
            node.Insert(0, "description", said.Description);
        if (node["properties"] is JsonObject properties) node["required"] = new JsonArray([.. properties.Select(p => (JsonNode)p.Key)]);
        return node;
    }

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            RespectNullableAnnotations = true,
            AllowDuplicateProperties = false,
            NumberHandling = JsonNumberHandling.Strict,
            MaxDepth = 16,
            // Ahead of the type's own, which takes numbers too.
            Converters = { new JsonStringEnumConverter<StepKind>(null, allowIntegerValues: false) },
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOutAnswers } },
        };
        options.MakeReadOnly();
        return options;
    }

    // Answers are the person's; a model has none to give.
    private static void LeaveOutAnswers(JsonTypeInfo info)
    {
        if (info.Type != typeof(PlanQuestion)) return;
        var own = info.Properties.First(p => (p.AttributeProvider as MemberInfo)?.Name == nameof(PlanQuestion.Answer));
        info.Properties.Remove(own);
    }
}
