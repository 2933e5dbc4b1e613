using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Muster.Runner.Executors;

/// <summary>Reads a recording (YAML, or JSON, which is YAML too). All errors are reported at once, each with its line.</summary>
public sealed class RecordingParser
{
    private const int MaxCharacters = 8 * 1024 * 1024;
    private const string StepNames = "say, wait, write, replace, delete, progress, commit";
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);

    private readonly List<string> _errors = [];

    private RecordingParser()
    {
    }

    /// <exception cref="RecordingException">It is not a recording.</exception>
    public static Recording Parse(string text)
    {
        if (text.Length > MaxCharacters) throw new RecordingException($"The recording is longer than {MaxCharacters / 1024 / 1024} MB.");
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(text));
        }
        catch (YamlException error)
        {
            throw new RecordingException($"line {error.Start.Line}: this is not YAML or JSON: {error.Message}");
        }

        if (yaml.Documents.Count != 1) throw new RecordingException("line 1: a recording is one document that starts with 'rehearsal: 1'.");
        var parser = new RecordingParser();
        var recording = parser.Root(yaml.Documents[0].RootNode);
        return parser._errors.Count == 0 ? recording : throw new RecordingException(string.Join('\n', parser._errors));
    }

    private Recording Root(YamlNode node)
    {
        var fields = Fields(node, "a recording", "rehearsal", "tasks");
        if (Text(fields, "rehearsal") != "1") Error(node, "start with 'rehearsal: 1'");
        var tasks = Items(node, fields, "tasks").Select(Task).ToList();
        return new Recording(tasks);
    }

    private RecordedTask Task(YamlNode node)
    {
        var fields = Fields(node, "a task", "match", "attempts");
        var match = fields.TryGetValue("match", out var value) ? Fields(value, "match", "key", "issue", "title") : [];
        if (match.Count == 0) Error(node, "say which task this is for: match: { issue: \"1.1\" }, or key, or title");
        var attempts = Items(node, fields, "attempts").Select(Attempt).ToList();
        return new RecordedTask(new TaskMatch(Text(match, "key"), Text(match, "issue"), Text(match, "title")), attempts);
    }

    private RecordedAttempt Attempt(YamlNode node)
    {
        var fields = Fields(node, "an attempt", "steps", "summary", "fail");
        var steps = Items(node, fields, "steps").Select(Step).OfType<Step>().ToList();
        return new RecordedAttempt(steps, Text(fields, "summary"), Text(fields, "fail"));
    }

    private Step? Step(YamlNode node)
    {
        if (node is not YamlMappingNode { Children.Count: 1 } map || map.Children.First().Key is not YamlScalarNode { Value: { } name })
            return Error(node, $"a step is one of {StepNames}, with its value");
        var value = map.Children.First().Value;
        var line = Line(node);
        switch (name)
        {
            case "say":
                return new SayStep(line, Scalar(value));
            case "commit":
                return new CommitStep(line, Scalar(value));
            case "wait":
                return Duration(Scalar(value)) is { } time ? new WaitStep(line, time) : Error(value, "write a time such as 800ms, 2s or 1m, at most 10m");
            case "progress":
                return int.TryParse(Scalar(value), CultureInfo.InvariantCulture, out var percent) && percent is >= 0 and <= 100
                    ? new ProgressStep(line, percent)
                    : Error(value, "write progress as a whole number from 0 to 100");
            case "write":
                var write = Fields(value, "write", "path", "content");
                return new WriteStep(line, Required(value, write, "path"), Text(write, "content") ?? "");
            case "replace":
                var replace = Fields(value, "replace", "path", "old", "new");
                return new ReplaceStep(line, Required(value, replace, "path"), Required(value, replace, "old"), Text(replace, "new") ?? "");
            case "delete":
                return new DeleteStep(line, Required(value, Fields(value, "delete", "path"), "path"));
            default:
                return Error(node, $"there is no step '{name}'; known: {StepNames}");
        }
    }

    private Dictionary<string, YamlNode> Fields(YamlNode node, string what, params string[] known)
    {
        var fields = new Dictionary<string, YamlNode>(StringComparer.Ordinal);
        if (node is not YamlMappingNode map)
        {
            Error(node, $"{what} is a mapping with {string.Join(", ", known)}");
            return fields;
        }

        foreach (var (key, value) in map.Children)
        {
            var name = Scalar(key);
            if (known.Contains(name, StringComparer.Ordinal)) fields[name] = value;
            else Error(key, $"{what} has no '{name}'; known: {string.Join(", ", known)}");
        }

        return fields;
    }

    private IEnumerable<YamlNode> Items(YamlNode owner, Dictionary<string, YamlNode> fields, string name)
    {
        if (fields.TryGetValue(name, out var node) && node is YamlSequenceNode { Children.Count: > 0 } list) return list.Children;
        Error(owner, $"'{name}' must be a list with at least one entry");
        return [];
    }

    private string Required(YamlNode owner, Dictionary<string, YamlNode> fields, string name)
    {
        if (Text(fields, name) is { Length: > 0 } text) return text;
        Error(owner, $"'{name}' is missing");
        return "";
    }

    private string? Text(Dictionary<string, YamlNode> fields, string name) => fields.TryGetValue(name, out var node) ? Scalar(node) : null;

    private string Scalar(YamlNode node)
    {
        if (node is YamlScalarNode scalar) return scalar.Value ?? "";
        Error(node, "a plain text is expected here");
        return "";
    }

    private Step? Error(YamlNode node, string what)
    {
        _errors.Add($"line {Line(node)}: {what}.");
        return null;
    }

    private static int Line(YamlNode node) => (int)node.Start.Line;

    private static TimeSpan? Duration(string text)
    {
        var (number, unit) = text switch
        {
            _ when text.EndsWith("ms", StringComparison.Ordinal) => (text[..^2], 1d),
            _ when text.EndsWith('s') => (text[..^1], 1_000d),
            _ when text.EndsWith('m') => (text[..^1], 60_000d),
            _ => ("", 0d),
        };
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)) return null;
        var milliseconds = value * unit;
        return milliseconds <= LongestWait.TotalMilliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null;
    }
}
