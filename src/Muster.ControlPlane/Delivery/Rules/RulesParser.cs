using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Muster.ControlPlane.Delivery.Rules;

/// <summary>Reads <c>muster.yaml</c>. Pure; reports everything that is wrong at once and guesses nothing.</summary>
public static class RulesParser
{
    private static readonly string[] TopKeys = ["checks", "review", "person", "contract", "deploy"];
    private static readonly string[] CheckKeys = ["name", "command", "timeout", "required", "evidence"];
    private static readonly string[] DeployKeys = ["target", "build", "command", "port", "health", "healthTimeout"];

    public static (ProjectRules? Rules, IReadOnlyList<RuleError> Errors) Parse(string yaml)
    {
        var errors = new List<RuleError>();
        if (Load(yaml, errors) is not { } root) return errors.Count > 0 ? (null, errors) : (new ProjectRules { Detected = true }, errors);

        var top = new YamlReader(root, "the file", errors);
        top.Only(TopKeys);
        var rules = new ProjectRules
        {
            Checks = Checks(top, errors),
            Review = top.OneOf("review", [ReviewPolicies.Auto, ReviewPolicies.Person]),
            Person = Paths(top, "person"),
            Contract = ContractOf(top),
            Deploy = Deploys(top, errors),
            Detected = !top.Has("checks"),
        };
        return errors.Count > 0 ? (null, [.. errors.OrderBy(e => e.Line)]) : (rules, []);
    }

    private static YamlMappingNode? Load(string yaml, List<RuleError> errors)
    {
        var parser = new Parser(new StringReader(yaml));
        try
        {
            var stream = new YamlStream();
            stream.Load(parser);
            if (stream.Documents.Count == 0) return null;
            if (stream.Documents.Count > 1) errors.Add(new RuleError(1, "holds several documents: keep one, without '---' between."));
            if (stream.Documents[0].RootNode is YamlMappingNode mapping) return mapping;
            errors.Add(new RuleError(1, "is not a list of settings: write 'checks:' with the checks below it."));
        }
        catch (Exception error) when (YamlFaults.Is(error))
        {
            errors.Add(new RuleError(YamlFaults.Line(error, parser), $"is not valid YAML: {YamlFaults.Text(error)}"));
        }

        return null;
    }

    private static List<CheckDefinition> Checks(YamlReader top, List<RuleError> errors)
    {
        var checks = new List<CheckDefinition>();
        foreach (var (node, index) in top.List("checks").Select((n, i) => (n, i)))
        {
            if (node is not YamlMappingNode mapping)
            {
                errors.Add(new RuleError((int)node.Start.Line, $"checks[{index}] is not a check: write '- name: test' and 'command: ...' below it."));
                continue;
            }

            var reader = new YamlReader(mapping, $"checks[{index}]", errors);
            reader.Only(CheckKeys);
            var name = reader.Text("name", required: true, maxLength: 50) ?? "";
            if (name.Length > 0 && !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ' '))
                reader.Wrong("name", $"'{name}' may hold letters, digits, spaces, '-', '_' and '.' only.");
            if (checks.Any(c => c.Name == name)) reader.Wrong("name", $"'{name}' names two checks: give each its own name.");
            checks.Add(new CheckDefinition
            {
                Name = name,
                Command = reader.Text("command", required: true, maxLength: 4000) ?? "",
                TimeoutSeconds = reader.Seconds("timeout", 600),
                Required = reader.Flag("required", otherwise: true),
                Evidence = reader.OneOf("evidence", [EvidenceKinds.Test, EvidenceKinds.Build]) ?? CheckDetection.EvidenceOf(name),
            });
        }

        return checks;
    }

    private static List<string> Paths(YamlReader top, string key)
    {
        List<string> paths = [];
        foreach (var node in top.List(key))
        {
            if (node is YamlScalarNode { Value: { Length: > 0 and <= 400 } path } && path[0] != '/' && !path.Contains("..", StringComparison.Ordinal) && !path.Contains('*', StringComparison.Ordinal)) paths.Add(path);
            else top.Wrong(key, "names files and folders from the root of the repository, without '*': 'fleet/', 'src/Security/'.");
        }

        return paths;
    }

    private static string? ContractOf(YamlReader top)
    {
        var text = top.Text("contract", required: false, maxLength: 500);
        if (text is null) return null;
        foreach (var error in Delivery.Contract.Parse(text).Errors) top.Wrong("contract", error);
        return text;
    }

    private static Dictionary<string, DeployDefinition> Deploys(YamlReader top, List<RuleError> errors)
    {
        var deploys = new Dictionary<string, DeployDefinition>(StringComparer.Ordinal);
        foreach (var (environment, node) in top.Map("deploy"))
        {
            if (node is not YamlMappingNode mapping)
            {
                errors.Add(new RuleError((int)node.Start.Line, $"deploy.{environment} is not an environment: write 'target: process' and 'command: ...' below it."));
                continue;
            }

            var reader = new YamlReader(mapping, $"deploy.{environment}", errors);
            reader.Only(DeployKeys);
            if (environment.Length > 50 || !environment.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
                errors.Add(new RuleError((int)node.Start.Line, $"'{environment}' names an environment: use up to 50 letters, digits, '-' and '_'."));
            var health = reader.Text("health", required: false, maxLength: 500) ?? "/";
            if (!health.StartsWith('/')) reader.Wrong("health", "is a path and starts with '/', such as /health.");
            deploys[environment] = new DeployDefinition
            {
                Environment = environment,
                Target = reader.OneOf("target", ["process"]) ?? "process",
                Build = reader.Text("build", required: false, maxLength: 4000),
                Command = reader.Text("command", required: true, maxLength: 4000) ?? "",
                Port = reader.Number("port", 0, 0, 65535),
                HealthPath = health,
                HealthTimeoutSeconds = reader.Seconds("healthTimeout", 60),
            };
        }

        return deploys;
    }
}
