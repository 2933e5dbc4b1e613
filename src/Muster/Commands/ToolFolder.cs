using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Tools;

namespace Muster.Commands;

/// <summary>A tool as a folder: <c>tool.json</c> is its manifest, <c>tests.json</c> the list of its tests, <c>tool.cs</c>, <c>tool.py</c> or <c>tool.sh</c> its source.</summary>
internal static class ToolFolder
{
    private static readonly JsonSerializerOptions Strict = new(Wire.Json)
    {
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    public static ToolPackage Read(string folder)
    {
        var manifest = Json<ToolManifest>(Text(folder, "tool.json"), Path.Combine(folder, "tool.json"));
        return new ToolPackage
        {
            Manifest = manifest,
            Source = Text(folder, ToolLanguages.FileName(manifest.Language)),
            Tests = Json<List<ToolTest>>(Text(folder, "tests.json"), Path.Combine(folder, "tests.json")),
        };
    }

    public static T Json<T>(string text, string what)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(text, Strict) ?? throw Wrong("it is null");
        }
        catch (JsonException error)
        {
            throw Wrong(error.Message);
        }

        CommandException Wrong(string why) => new($"{what} cannot be read: {why}", "docs/tools.md shows the shapes.") { Code = ExitCodes.BadUsage };
    }

    private static string Text(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path) ? File.ReadAllText(path) : throw new CommandException($"There is no {path}.", "A tool is a folder with tool.json, tests.json and its source; docs/tools.md shows them.") { Code = ExitCodes.BadUsage };
    }
}
