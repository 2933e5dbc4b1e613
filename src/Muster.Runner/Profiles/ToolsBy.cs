using System.Text.Json.Nodes;
using Muster.Runner.Mcp;

namespace Muster.Runner.Profiles;

/// <summary>How a program is told where tools from outside are: a file below the run's own home, and arguments that name it.</summary>
/// <param name="File">Below the home; what a profile has put there already is kept, JSON by its members, other text by standing first.</param>
/// <param name="Text">What is written.</param>
/// <param name="Arguments">Beside the profile's own; may hold <c>%HOME%</c>.</param>
internal sealed record ToolsBy(string File, Func<McpConfigFiles, string> Text, params IReadOnlyList<string> Arguments)
{
    public void Write(string home, McpConfigFiles tools)
    {
        var path = Path.Combine(home, File);
        var before = System.IO.File.Exists(path) ? System.IO.File.ReadAllText(path) : null;
        McpConfigFiles.Write(Path.GetDirectoryName(path)!, Path.GetFileName(path), before is null ? Text(tools) : Joined(before, Text(tools)));
    }

    private string Joined(string before, string more)
    {
        if (!File.EndsWith(".json", StringComparison.Ordinal)) return before + more;
        var all = JsonNode.Parse(before)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(more)!.AsObject()) all[name] = value?.DeepClone();
        return all.ToJsonString();
    }
}
