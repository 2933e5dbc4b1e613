using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Muster.ControlPlane.Delivery.Rules;

/// <summary>Takes typed values out of one mapping and notes what is wrong with them, with the line.</summary>
internal sealed class YamlReader(YamlMappingNode mapping, string where, List<RuleError> errors)
{
    private readonly Dictionary<string, YamlNode> _values = mapping.Children
        .Where(c => c.Key is YamlScalarNode { Value: not null })
        .ToDictionary(c => ((YamlScalarNode)c.Key).Value!, c => c.Value, StringComparer.Ordinal);

    public bool Has(string key) => _values.ContainsKey(key);

    public void Wrong(string key, string text) =>
        errors.Add(new RuleError((int)(_values.TryGetValue(key, out var node) ? node.Start.Line : mapping.Start.Line), $"{key} of {where} {text}"));

    /// <summary>Refuses keys that mean nothing here: they are more often a slip than an intention.</summary>
    public void Only(IReadOnlyList<string> keys)
    {
        foreach (var (key, node) in _values)
            if (!keys.Contains(key, StringComparer.Ordinal))
                errors.Add(new RuleError((int)node.Start.Line, $"'{key}' is not known in {where}: use {string.Join(", ", keys)}."));
    }

    public string? Text(string key, bool required, int maxLength)
    {
        if (!_values.TryGetValue(key, out var node) || IsNull(node))
        {
            if (required) Wrong(key, "is missing: add it.");
            return null;
        }

        if (node is not YamlScalarNode { Value: { } value })
        {
            Wrong(key, "must be one text.");
            return null;
        }

        if (string.IsNullOrWhiteSpace(value) || value.Length > maxLength) Wrong(key, $"must have 1 to {maxLength} characters.");
        if (value.Contains('\0', StringComparison.Ordinal)) Wrong(key, "must not hold a zero character.");
        return value.Trim();
    }

    public string? OneOf(string key, IReadOnlyList<string> allowed)
    {
        var value = Text(key, required: false, 100);
        if (value is null || allowed.Contains(value, StringComparer.Ordinal)) return value;
        Wrong(key, $"is '{value}': write {string.Join(" or ", allowed)}.");
        return null;
    }

    public bool Flag(string key, bool otherwise)
    {
        switch (Text(key, required: false, 100))
        {
            case null: return otherwise;
            case "true": return true;
            case "false": return false;
            default:
                Wrong(key, "must be true or false.");
                return otherwise;
        }
    }

    public int Number(string key, int otherwise, int min, int max)
    {
        if (Text(key, required: false, 100) is not { } text) return otherwise;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max) return number;
        Wrong(key, $"must be a whole number from {min} to {max}.");
        return otherwise;
    }

    /// <summary>An amount of money, not less than nought.</summary>
    public decimal? Amount(string key, bool required)
    {
        if (Text(key, required, 100) is not { } text) return null;
        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)) return amount;
        Wrong(key, $"is '{text}': write an amount such as 2.5, not less than nought.");
        return null;
    }

    /// <summary>A length of time, 1 second to 24 hours: <c>30s</c>, <c>5m</c>, <c>1h</c>.</summary>
    public int Seconds(string key, int otherwise)
    {
        if (Text(key, required: false, 100) is not { } text) return otherwise;
        var factor = text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 };
        if (factor > 0 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number > 0 && number <= 86400 / factor)
            return number * factor;
        Wrong(key, $"is '{text}': write a number and s, m or h, such as 30s, 5m or 1h; at most 24h.");
        return otherwise;
    }

    public IEnumerable<YamlNode> List(string key)
    {
        if (!_values.TryGetValue(key, out var node) || IsNull(node)) return [];
        if (node is YamlSequenceNode list) return list.Children;
        Wrong(key, "must be a list, each entry with a '-' before it.");
        return [];
    }

    public IEnumerable<(string Key, YamlNode Value)> Map(string key)
    {
        if (!_values.TryGetValue(key, out var node) || IsNull(node)) return [];
        if (node is YamlMappingNode map) return map.Children.Select(c => (((c.Key as YamlScalarNode)?.Value) ?? "", c.Value));
        Wrong(key, "must hold names with settings below each.");
        return [];
    }

    private static bool IsNull(YamlNode node) => node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" };
}
