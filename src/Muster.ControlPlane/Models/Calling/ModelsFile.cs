using Muster.ControlPlane.Delivery.Rules;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Muster.ControlPlane.Models.Calling;

/// <summary>One <c>models.yaml</c> as it is written; nothing in it is checked against what exists.</summary>
internal sealed record ModelsFile
{
    private static readonly string[] TopKeys = ["providers", "routes", "aliases", "record", "web"];
    private static readonly string[] ProviderKeys = ["kind", "server", "keyVariable", "keyFile", "protocols", "insecure", "firstByte", "firstToken", "between", "whole"];

    public IReadOnlyList<ProviderEntry> Providers { get; init; } = [];
    public IReadOnlyList<ModelRoute> Routes { get; init; } = [];
    public IReadOnlyList<ModelAlias> Aliases { get; init; } = [];

    /// <summary>Whose model traffic is recorded: <c>off</c> or <c>all</c>; null when it is not said.</summary>
    public string? Record { get; init; }

    /// <summary>Whether agents' models may have their provider search the web: <c>off</c> or <c>on</c>; null when it is not said.</summary>
    public string? Web { get; init; }

    /// <summary>This one's settings before another's: a provider or route of the same name replaces the whole of it.</summary>
    public ModelsFile Over(ModelsFile other) => new()
    {
        Providers = [.. Providers, .. other.Providers.Where(o => Providers.All(p => p.Name != o.Name))],
        Routes = [.. Routes, .. other.Routes.Where(o => !Routes.Any(r => r.Name.Equals(o.Name, StringComparison.OrdinalIgnoreCase)))],
        Aliases = [.. Aliases, .. other.Aliases],
        Record = Record ?? other.Record,
        Web = Web ?? other.Web,
    };

    /// <param name="yaml">The text.</param>
    /// <param name="path">For what is said of it.</param>
    /// <param name="extra">Settings that a kind of provider has beside the common ones; null when there is no such kind.</param>
    /// <param name="faults">Gets everything that is wrong.</param>
    public static ModelsFile Parse(string yaml, string path, Func<string, IReadOnlyList<string>?> extra, List<string> faults)
    {
        List<RuleError> errors = [];
        var file = Read(yaml, extra, errors);
        faults.AddRange(errors.OrderBy(e => e.Line).Select(e => $"{path}, line {e.Line}: {e.Text}"));
        return file;
    }

    private static ModelsFile Read(string yaml, Func<string, IReadOnlyList<string>?> extra, List<RuleError> errors)
    {
        var stream = new YamlStream();
        var parser = new Parser(new StringReader(yaml));
        try
        {
            stream.Load(parser);
        }
        catch (Exception error) when (YamlFaults.Is(error))
        {
            errors.Add(new RuleError(YamlFaults.Line(error, parser), $"is not valid YAML: {YamlFaults.Text(error)}"));
            return new ModelsFile();
        }

        if (stream.Documents.Count == 0) return new ModelsFile();
        if (stream.Documents[0].RootNode is not YamlMappingNode root)
        {
            errors.Add(new RuleError(1, "is not a list of settings: write 'providers:', 'routes:' or 'aliases:' with entries below it."));
            return new ModelsFile();
        }

        var top = new YamlReader(root, "the file", errors);
        top.Only(TopKeys);
        return new ModelsFile
        {
            Providers = [.. top.Map("providers").Select(p => Provider(p.Key, p.Value, extra, errors)).OfType<ProviderEntry>()],
            Routes = [.. top.Map("routes").Select(r => Route(r.Key, r.Value, errors))],
            Aliases = [.. top.Map("aliases").Select(a => Alias(a.Key, a.Value, errors)).OfType<ModelAlias>()],
            Record = top.OneOf("record", ["off", "all"]),
            Web = top.OneOf("web", ["off", "on"]),
        };
    }

    private static ProviderEntry? Provider(string name, YamlNode node, Func<string, IReadOnlyList<string>?> extra, List<RuleError> errors)
    {
        var line = (int)node.Start.Line;
        if (node is not YamlMappingNode mapping)
        {
            errors.Add(new RuleError(line, $"the provider '{name}' has no settings: write 'kind: ...' below it."));
            return null;
        }

        if (name.Length is 0 or > 60 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.'))) errors.Add(new RuleError(line, $"'{name}' cannot name a provider: use letters, digits, '-', '_' and '.'."));
        var reader = new YamlReader(mapping, $"the provider '{name}'", errors);
        if (reader.Has("key"))
        {
            reader.Wrong("key", "does not belong into a file: set the variable that keyVariable names, or put it into a file and name that with keyFile.");
            return null;
        }

        var kind = reader.Text("kind", required: true, 60);
        var more = kind is null ? [] : extra(kind) ?? [];
        reader.Only([.. ProviderKeys, .. more]);
        var defaults = ProviderTimes.Default;
        return kind is null ? null : new ProviderEntry(name, kind, line)
        {
            Server = reader.Text("server", required: false, 500),
            KeyVariable = reader.Text("keyVariable", required: false, 200),
            KeyFile = reader.Text("keyFile", required: false, 1000),
            Insecure = reader.Flag("insecure", false),
            Protocols = [.. Texts(reader, "protocols", errors)],
            Times = new ProviderTimes(
                TimeSpan.FromSeconds(reader.Seconds("firstByte", (int)defaults.FirstByte.TotalSeconds)),
                TimeSpan.FromSeconds(reader.Seconds("firstToken", (int)defaults.FirstToken.TotalSeconds)),
                TimeSpan.FromSeconds(reader.Seconds("between", (int)defaults.Between.TotalSeconds)),
                TimeSpan.FromSeconds(reader.Seconds("whole", (int)defaults.Whole.TotalSeconds))),
            Extra = more.Where(reader.Has).ToDictionary(m => m, m => (IReadOnlyList<string>)[.. Values(mapping, m)], StringComparer.Ordinal),
        };
    }

    private static ModelRoute Route(string name, YamlNode node, List<RuleError> errors)
    {
        var line = (int)node.Start.Line;
        if (name.Length is 0 or > 60 || name.Contains('/', StringComparison.Ordinal)) errors.Add(new RuleError(line, $"'{name}' cannot name a route: 1 to 60 characters, without '/'."));
        if (node is not YamlSequenceNode { Children.Count: > 0 } list)
        {
            errors.Add(new RuleError(line, $"the route '{name}' names no model: write a list of PROVIDER/MODEL, best first."));
            return new ModelRoute(name, []);
        }

        List<ModelLeg> legs = [];
        foreach (var child in list.Children)
        {
            var text = (child as YamlScalarNode)?.Value?.Trim() ?? "";
            var slash = text.IndexOf('/', StringComparison.Ordinal);
            if (slash <= 0 || slash == text.Length - 1 || text.Length > 200) errors.Add(new RuleError((int)child.Start.Line, $"'{text}' in the route '{name}' is no PROVIDER/MODEL."));
            else legs.Add(new ModelLeg(text[..slash], text[(slash + 1)..]));
        }

        return new ModelRoute(name, [.. legs.Distinct()]);
    }

    private static ModelAlias? Alias(string pattern, YamlNode node, List<RuleError> errors)
    {
        if (node is YamlScalarNode { Value: { Length: > 0 } route } && pattern.Length is > 0 and <= 200) return new ModelAlias(pattern, route);
        errors.Add(new RuleError((int)node.Start.Line, $"the alias '{pattern}' names no route: write PATTERN: ROUTE."));
        return null;
    }

    private static IEnumerable<string> Texts(YamlReader reader, string key, List<RuleError> errors)
    {
        foreach (var node in reader.List(key))
        {
            if (node is YamlScalarNode { Value: { Length: > 0 } text }) yield return text;
            else errors.Add(new RuleError((int)node.Start.Line, $"{key} holds what is no text."));
        }
    }

    private static IEnumerable<string> Values(YamlMappingNode mapping, string key) => mapping.Children[new YamlScalarNode(key)] switch
    {
        YamlSequenceNode list => list.Children.Select(c => (c as YamlScalarNode)?.Value ?? ""),
        YamlScalarNode one => [one.Value ?? ""],
        _ => [],
    };
}

/// <summary>A provider as it is written.</summary>
internal sealed record ProviderEntry(string Name, string Kind, int Line)
{
    public string? Server { get; init; }
    public string? KeyVariable { get; init; }
    public string? KeyFile { get; init; }
    public bool Insecure { get; init; }
    public IReadOnlyList<string> Protocols { get; init; } = [];
    public ProviderTimes Times { get; init; } = ProviderTimes.Default;
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Extra { get; init; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
}
