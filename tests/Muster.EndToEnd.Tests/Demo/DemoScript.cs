using System.Text.Json;
using Muster.Conformance.Models;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Muster.EndToEnd.Tests.Demo;

/// <summary>A task's part of <c>script.yaml</c>.</summary>
internal sealed class DemoScript
{
    public required string Issue { get; set; }
    public required string Title { get; set; }
    public required List<List<DemoTurn>> Rounds { get; set; }

    public static IReadOnlyList<DemoScript> Read()
    {
        var yaml = new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance).WithAttemptingUnquotedStringTypeDeserialization().Build();
        return yaml.Deserialize<List<DemoScript>>(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Demo", "script.yaml")));
    }

    /// <summary>The turn that a request asks for: its task, its round and its turn stand in it.</summary>
    public static DemoTurn Of(IReadOnlyList<DemoScript> scripts, ScriptedRequest request)
    {
        var script = scripts.Single(one => request.Text.Contains($"<title>{one.Title}</title>", StringComparison.Ordinal));
        var sentBack = request.Text.Contains("outcome=\"check_failed\"", StringComparison.Ordinal) || request.Text.Contains("outcome=\"changes_requested\"", StringComparison.Ordinal);
        return script.Rounds[sentBack ? 1 : 0][request.Turn];
    }
}

/// <summary>What the model answers once.</summary>
internal sealed class DemoTurn
{
    /// <summary>Milliseconds before its first word.</summary>
    public int Think { get; set; }
    public string Say { get; set; } = "";

    /// <summary>Each a tool and its arguments.</summary>
    public required List<Dictionary<string, Dictionary<string, object?>>> Calls { get; set; }

    public ScriptedTurn Turn => new() { Text = Say, Calls = [.. Calls.Select(call => call.Single()).Select(call => ScriptedCall.Of(call.Key, JsonSerializer.Serialize(call.Value)))] };
}
