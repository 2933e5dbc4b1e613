using System.Text.Json;
using System.Text.Json.Nodes;

namespace Muster.Proof.Fuzz;

/// <summary>Makes values for a schema: right ones, ones at the edge, hostile ones, and ones of another type altogether.</summary>
internal sealed class ValueMaker(ApiDocument document, Random random, Pool pool)
{
    /// <summary>Looks like a token and is none. Put together here, so that a search for secrets does not find it.</summary>
    public static readonly string MadeUpToken = "mst_" + new string('a', 32);

    private static readonly string[] Hostile =
    [
        "", " ", "\t", "null", "0", "-1", "NaN", "true", "undefined", "../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/", "\\", "%", "%00", "%s%n", "_", "*", "?",
        "'", "\"", "' OR 1=1 --", "'; DROP TABLE tasks; --", "{{7*7}}", "${jndi:ldap://127.0.0.1:1/a}", "<script>alert(1)</script>", "<!--", "]]>", "--upload-pack=touch x", "-x",
        "a\u0000b", "\u0000", "\u001b[2J\u001b]0;x\u0007", "line\nbreak", "line\r\nHeader: x", "\u202eabc", "\ufeffabc", "\u200b", "e\u0301", "\u1e9e", "\U0001f600", "\ud800", "\udfffx", "\uffff", "ﷺ",
        "İ", "K", "aux", "CON", ".", "..", ".git", "refs/heads/main", "http://127.0.0.1:1/x", "file:///etc/passwd", MadeUpToken, "mls_aaaa",
        "00000000-0000-0000-0000-000000000000", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "1e999", "0x1F", "۱۲",
    ];

    private static readonly string[] Numbers =
    [
        "0", "-0", "1", "-1", "2", "5", "6", "99", "100", "101", "1000", "1001", "86400", "86401", "100000", "100001", "2147483647", "2147483648", "-2147483648", "-2147483649",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "0.1", "-0.1", "1.5", "0.0000001", "1e5", "1e308", "1.7976931348623157e308", "4.9e-324",
    ];

    private static readonly string[] Bounds = ["-1", "0", "1", "101", "1001", "10001", "65536", "86401", "1000001", "2147483647"];

    /// <summary>A body for a schema. Most of it is right; a few members are anything but.</summary>
    public JsonNode? Make(JsonNode schema, string name, int depth = 0)
    {
        if (depth > 6) return null;
        if (random.Next(depth == 0 ? 80 : 25) == 0) return Wrong();
        if (schema["oneOf"] is JsonArray choices) return Make(choices[random.Next(choices.Count)]!, name, depth);
        schema = document.Resolve(schema);
        var types = SchemaCheck.Types(schema);
        if (types.Count == 0) return Wrong();
        var type = types[random.Next(types.Count)];
        if (types.Contains("integer") && type == "string") type = "integer";
        if (types.Contains("number") && type == "string") type = "number";
        return type switch
        {
            "object" => Members(schema, depth),
            "array" => new JsonArray([.. Enumerable.Range(0, random.Next(20) == 0 ? 150 : random.Next(4)).Select(_ => Make(schema["items"] ?? new JsonObject(), name, depth + 1))]),
            "string" => JsonValue.Create(schema["format"]?.GetValue<string>() == "date-time" && random.Next(3) > 0 ? "2030-01-02T03:04:05Z" : Text(name)),
            "integer" => Number(name, whole: true),
            "number" => Number(name, whole: false),
            "boolean" => JsonValue.Create(random.Next(2) == 0),
            _ => null,
        };
    }

    /// <summary>A text for a place of that name: one that is in use somewhere, a plain one, or a hostile one.</summary>
    public string Text(string name) => random.Next(10) switch
    {
        < 6 => pool.Any(name, random) ?? $"x{random.Next(1000)}",
        6 => new string((char)('a' + random.Next(26)), random.Next(600)),
        7 => random.Next(30) == 0 ? new string('y', 300_000) : $"v{random.Next(10)}",
        _ => Hostile[random.Next(Hostile.Length)],
    };

    /// <summary>Another number in the place of one that was taken: mostly one that is just beside a bound, since what no whole number holds is refused early.</summary>
    public string EdgeNumber(JsonNode taken) => random.Next(3) switch
    {
        0 => Numbers[random.Next(Numbers.Length)],
        1 => Bounds[random.Next(Bounds.Length)],
        _ => taken.GetValue<JsonElement>() is var number && number.TryGetInt64(out var whole) && whole is > long.MinValue and < long.MaxValue ? $"{(random.Next(2) == 0 ? whole + 1 : whole - 1)}" : $"-{number.GetRawText().TrimStart('-')}",
    };

    /// <summary>One of those that break things, or one that is far too long.</summary>
    public string HostileText() => random.Next(Hostile.Length + 3) is var at && at < Hostile.Length ? Hostile[at] : new string('z', 100_000);

    public string NumberText() => random.Next(5) == 0 ? Hostile[random.Next(Hostile.Length)] : Numbers[random.Next(Numbers.Length)];

    private JsonObject Members(JsonNode schema, int depth)
    {
        var made = new JsonObject();
        var required = (schema["required"] as JsonArray)?.Select(r => r!.GetValue<string>()).ToHashSet(StringComparer.Ordinal) ?? [];
        foreach (var (name, member) in schema["properties"] as JsonObject ?? [])
        {
            if (required.Contains(name) ? random.Next(40) > 0 : random.Next(3) == 0) made[name] = Make(member!, name, depth + 1);
        }

        if (schema["additionalProperties"] is { } free && free is JsonObject)
            for (var i = random.Next(3); i > 0; i--) made[Text("key")] = Make(free, "value", depth + 1);
        if (random.Next(25) == 0) made[Hostile[random.Next(Hostile.Length)]] = Wrong();
        return made;
    }

    private JsonNode? Number(string name, bool whole)
    {
        // A request that waits would only hold up the others.
        if (name == "waitSeconds") return JsonValue.Create(random.Next(4) == 0 ? -1 : 0);
        var text = random.Next(2) == 0 ? $"{random.Next(1, 6)}" : Numbers[random.Next(Numbers.Length)];
        if (random.Next(20) == 0) return JsonValue.Create(text);
        return JsonNode.Parse(text) is { } parsed && whole && text.Contains('.', StringComparison.Ordinal) && random.Next(2) == 0 ? JsonValue.Create(random.Next(100)) : JsonNode.Parse(text);
    }

    public JsonNode? Wrong() => random.Next(9) switch
    {
        0 => null,
        1 => JsonValue.Create(true),
        2 => JsonNode.Parse(Numbers[random.Next(Numbers.Length)]),
        3 => JsonValue.Create(Hostile[random.Next(Hostile.Length)]),
        4 => new JsonArray(),
        5 => new JsonObject(),
        6 => new JsonArray(JsonValue.Create(1), null, new JsonObject { ["a"] = new JsonArray() }),
        7 => new JsonObject { ["$ref"] = "#", ["__proto__"] = new JsonObject() },
        _ => JsonNode.Parse(new string('[', 40) + new string(']', 40)),
    };
}
