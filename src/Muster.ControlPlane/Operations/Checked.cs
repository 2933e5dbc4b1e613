namespace Muster.ControlPlane.Operations;

/// <summary>Collects everything that is wrong with a request, so that its sender hears all of it at once.</summary>
public sealed class Checked
{
    private readonly Dictionary<string, List<string>> _errors = new(StringComparer.Ordinal);

    public Checked Require(bool holds, string field, string otherwise)
    {
        if (holds) return this;
        if (!_errors.TryGetValue(field, out var list)) _errors[field] = list = [];
        list.Add(otherwise);
        return this;
    }

    /// <summary>Text that must be there, within a length, without control characters.</summary>
    public Checked Text(string? value, string field, int max, bool required = true)
    {
        if (string.IsNullOrWhiteSpace(value)) return Require(!required, field, $"{field} must not be empty.");
        Require(value.Length <= max, field, $"{field} has {value.Length} characters; at most {max} are allowed.");
        return Require(!value.Any(c => char.IsControl(c) && c is not ('\n' or '\t' or '\r')), field, $"{field} must not hold control characters.");
    }

    /// <summary>One line of text.</summary>
    public Checked Line(string? value, string field, int max, bool required = true) =>
        Text(value, field, max, required).Require(value is null || !value.Contains('\n', StringComparison.Ordinal), field, $"{field} must be one line.");

    public Checked Labels(IReadOnlyList<string>? labels, string field = "labels")
    {
        if (labels is null) return this;
        Require(labels.Count <= 20, field, "At most 20 labels.");
        return Require(labels.All(l => l is { Length: > 0 and <= 50 } && !l.Any(char.IsControl)), field, "A label has 1 to 50 characters and no control characters.");
    }

    public void ThrowIfWrong()
    {
        if (_errors.Count == 0) return;
        var all = _errors.ToDictionary(e => e.Key, e => e.Value.ToArray(), StringComparer.Ordinal);
        throw new Refusal(400, Contracts.ProblemCodes.Invalid, string.Join(' ', all.Values.SelectMany(v => v))) { Errors = all };
    }
}
