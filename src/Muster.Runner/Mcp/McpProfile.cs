
namespace Muster.Runner.Mcp;

/// <summary>A ready-made declaration of a server that others make, as data in <c>fleet/mcp</c>.</summary>
public sealed class McpProfile
{
    /// <summary>As its makers write it.</summary>
    public string Title { get; set; } = "";

    /// <summary>Where the program comes from, and how to get it.</summary>
    public string Install { get; set; } = "";
    public List<string>? Command { get; set; }
    public string? Url { get; set; }
    public Dictionary<string, string>? Environment { get; set; }
    public Dictionary<string, string>? Headers { get; set; }

    /// <summary>What each secret is and how little it may be allowed to do.</summary>
    public Dictionary<string, string> Secrets { get; set; } = [];

    /// <summary>The tools that are offered unless the declaration lists others: those that change nothing.</summary>
    public List<string> Safe { get; set; } = [];
    public int? Timeout { get; set; }

    /// <summary>What was tried and what was not.</summary>
    public string Tried { get; set; } = "";

    /// <summary>All of a folder, by name. Where there are several folders, the first that has a name wins.</summary>
    /// <exception cref="McpSetupException">One of them cannot be read.</exception>
    public static IReadOnlyDictionary<string, McpProfile> Load(params IEnumerable<string> folders)
    {
        var found = new Dictionary<string, McpProfile>(StringComparer.Ordinal);
        foreach (var folder in folders.Where(Directory.Exists))
        {
            foreach (var file in Directory.EnumerateFiles(folder, "*.yaml").Order(StringComparer.Ordinal))
                found.TryAdd(Path.GetFileNameWithoutExtension(file), YamlFaults.Read<McpProfile>(McpDeclarations.Reader(), File.ReadAllText(file), file) ?? throw new McpSetupException($"{file}:1: it is empty."));
        }

        return found;
    }
}
