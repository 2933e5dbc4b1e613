using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Muster.Contracts.Tools;

/// <summary>
/// The part of JSON schema that tools may use, checked the same everywhere: <c>type</c>, <c>enum</c>, <c>const</c>, <c>properties</c>, <c>required</c>,
/// <c>additionalProperties</c>, <c>items</c>, <c>minItems</c>, <c>maxItems</c>, <c>minLength</c>, <c>maxLength</c>, <c>pattern</c>, <c>minimum</c>, <c>maximum</c>
/// and <c>anyOf</c>. A schema with any other keyword that would narrow is refused, so none is passed over in silence.
/// </summary>
public static class JsonShape
{
    private const int Deepest = 16;
    private const int MostPattern = 500;
    private static readonly HashSet<string> Notes = ["$schema", "$id", "$comment", "title", "description", "default", "examples", "format", "deprecated", "readOnly", "writeOnly"];
    private static readonly HashSet<string> Types = ["object", "array", "string", "number", "integer", "boolean", "null"];

    /// <summary>What is wrong with a schema; null when it can be used.</summary>
    public static string? WhyNotUsable(JsonElement schema) => Unusable(schema, "", 0);

    /// <summary>What is wrong with a value, by its path; null when it is of the shape. The schema must be usable.</summary>
    public static string? WhyNot(JsonElement schema, JsonElement value) => JsonText.IsWhole(value) ? Wrong(schema, value, "") : "it holds half a character of two, which is no text";

    private static string? Unusable(JsonElement schema, string at, int depth)
    {
        if (depth > Deepest) return $"{Name(at)} is nested more than {Deepest} deep";
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False) return null;
        if (schema.ValueKind != JsonValueKind.Object) return $"{Name(at)} is not a schema: an object, true or false";
        foreach (var keyword in schema.EnumerateObject())
            if (Unusable(keyword, at, depth) is { } wrong) return wrong;
        return null;
    }

    private static string? Unusable(JsonProperty keyword, string at, int depth)
    {
        var (name, value) = (keyword.Name, keyword.Value);
        switch (name)
        {
            case "type":
                var types = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToList() : [value];
                return types.Count > 0 && types.TrueForAll(type => type.ValueKind == JsonValueKind.String && Types.Contains(type.GetString()!)) ? null : $"{Name(at)}: type is one or several of {string.Join(", ", Types)}";
            case "enum":
                return value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0 ? null : $"{Name(at)}: enum is a list";
            case "const":
                return null;
            case "properties":
                if (value.ValueKind != JsonValueKind.Object) return $"{Name(at)}: properties is an object of schemas";
                return value.EnumerateObject().Select(property => Unusable(property.Value, $"{at}.{property.Name}", depth + 1)).FirstOrDefault(wrong => wrong is not null);
            case "required":
                return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) ? null : $"{Name(at)}: required is a list of names";
            case "additionalProperties" or "items":
                return Unusable(value, $"{at}.{name}", depth + 1);
            case "anyOf":
                if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0) return $"{Name(at)}: anyOf is a list of schemas";
                return value.EnumerateArray().Select(one => Unusable(one, at + ".anyOf", depth + 1)).FirstOrDefault(wrong => wrong is not null);
            case "minItems" or "maxItems" or "minLength" or "maxLength":
                return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) && count >= 0 ? null : $"{Name(at)}: {name} is a whole number from 0";
            case "minimum" or "maximum":
                return value.ValueKind == JsonValueKind.Number ? null : $"{Name(at)}: {name} is a number";
            case "pattern":
                return value.ValueKind == JsonValueKind.String && Pattern(value.GetString()!) is not null ? null : $"{Name(at)}: pattern is a regular expression of up to {MostPattern} characters, without look-around and back-references";
            default:
                return Notes.Contains(name) ? null : $"{Name(at)}: the keyword '{Cut(name)}' is not among those that tools may use";
        }
    }

    private static string? Wrong(JsonElement schema, JsonElement value, string at)
    {
        if (schema.ValueKind == JsonValueKind.True) return null;
        if (schema.ValueKind == JsonValueKind.False) return $"{Name(at)} must not be there";
        foreach (var keyword in schema.EnumerateObject())
            if (Wrong(schema, keyword, value, at) is { } wrong) return wrong;
        return null;
    }

    private static string? Wrong(JsonElement schema, JsonProperty keyword, JsonElement value, string at)
    {
        var rule = keyword.Value;
        switch (keyword.Name)
        {
            case "type":
                var types = rule.ValueKind == JsonValueKind.Array ? [.. rule.EnumerateArray().Select(type => type.GetString()!)] : new[] { rule.GetString()! };
                return types.Any(type => Is(value, type)) ? null : $"{Name(at)} must be {string.Join(" or ", types)}";
            case "enum":
                return rule.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value)) ? null : $"{Name(at)} must be one of {Cut(rule.GetRawText())}";
            case "const":
                return JsonElement.DeepEquals(rule, value) ? null : $"{Name(at)} must be {Cut(rule.GetRawText())}";
            case "anyOf":
                return rule.EnumerateArray().Any(one => Wrong(one, value, at) is null) ? null : $"{Name(at)} is none of the shapes it may have";
        }

        return value.ValueKind switch
        {
            JsonValueKind.Object => WrongObject(schema, keyword, value, at),
            JsonValueKind.Array => WrongArray(keyword, value, at),
            JsonValueKind.String => WrongText(keyword, value.GetString()!, at),
            JsonValueKind.Number => keyword.Name switch
            {
                "minimum" when value.GetDouble() < rule.GetDouble() => $"{Name(at)} must be at least {rule.GetRawText()}",
                "maximum" when value.GetDouble() > rule.GetDouble() => $"{Name(at)} must be at most {rule.GetRawText()}",
                _ => null,
            },
            _ => null,
        };
    }

    private static string? WrongObject(JsonElement schema, JsonProperty keyword, JsonElement value, string at)
    {
        switch (keyword.Name)
        {
            case "required":
                return keyword.Value.EnumerateArray().Select(name => name.GetString()!).FirstOrDefault(name => !value.TryGetProperty(name, out _)) is { } missing ? $"{Name(at)} lacks '{Cut(missing)}'" : null;
            case "properties":
                return keyword.Value.EnumerateObject().Select(property => value.TryGetProperty(property.Name, out var found) ? Wrong(property.Value, found, $"{at}.{property.Name}") : null).FirstOrDefault(wrong => wrong is not null);
            case "additionalProperties":
                var known = schema.TryGetProperty("properties", out var properties) ? properties.EnumerateObject().Select(property => property.Name).ToHashSet(StringComparer.Ordinal) : [];
                return value.EnumerateObject().Where(property => !known.Contains(property.Name)).Select(property => Wrong(keyword.Value, property.Value, $"{at}.{Cut(property.Name)}")).FirstOrDefault(wrong => wrong is not null);
            default:
                return null;
        }
    }

    private static string? WrongArray(JsonProperty keyword, JsonElement value, string at) => keyword.Name switch
    {
        "items" => value.EnumerateArray().Select((item, index) => Wrong(keyword.Value, item, string.Create(CultureInfo.InvariantCulture, $"{at}[{index}]"))).FirstOrDefault(wrong => wrong is not null),
        "minItems" when value.GetArrayLength() < keyword.Value.GetInt32() => $"{Name(at)} must have at least {keyword.Value.GetRawText()} items",
        "maxItems" when value.GetArrayLength() > keyword.Value.GetInt32() => $"{Name(at)} must have at most {keyword.Value.GetRawText()} items",
        _ => null,
    };

    private static string? WrongText(JsonProperty keyword, string value, string at) => keyword.Name switch
    {
        "minLength" when value.EnumerateRunes().Count() < keyword.Value.GetInt32() => $"{Name(at)} must have at least {keyword.Value.GetRawText()} characters",
        "maxLength" when value.EnumerateRunes().Count() > keyword.Value.GetInt32() => $"{Name(at)} must have at most {keyword.Value.GetRawText()} characters",
        "pattern" when !Pattern(keyword.Value.GetString()!)!.IsMatch(value) => $"{Name(at)} must match {Cut(keyword.Value.GetString()!)}",
        _ => null,
    };

    private static bool Is(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) && decimal.Truncate(number) == number,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        _ => value.ValueKind == JsonValueKind.Null,
    };

    // Without backtracking, so that no pattern can be made to take for ever.
    private static Regex? Pattern(string text)
    {
        if (text.Length > MostPattern) return null;
        try
        {
            return new Regex(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    private static string Name(string at) => at.Length == 0 ? "it" : Cut(at.TrimStart('.'));

    private static string Cut(string text) => text.Length <= 120 ? text : text[..117] + "...";
}
