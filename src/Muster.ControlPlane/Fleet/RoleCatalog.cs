using Muster.Contracts;
using Muster.ControlPlane.Operations;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Muster.ControlPlane.Fleet;

/// <summary>
/// The roles an agent can have: Markdown files with front matter, those shipped with the product and those in the data
/// folder, which come first (A1). A task's label picks its role.
/// </summary>
public sealed class RoleCatalog
{
    private readonly Dictionary<string, Role> _roles = new(StringComparer.OrdinalIgnoreCase);

    public RoleCatalog(IEnumerable<string> folders)
    {
        foreach (var folder in folders.Where(Directory.Exists))
            foreach (var file in Directory.EnumerateFiles(folder, "*.md").Order(StringComparer.Ordinal))
                _roles.TryAdd(Path.GetFileNameWithoutExtension(file), Read(file));
    }

    public IReadOnlyCollection<Role> All => _roles.Values;

    /// <summary>Refuses a role that nobody has defined; null is any role.</summary>
    public void Require(string? role)
    {
        if (role is null || _roles.ContainsKey(role)) return;
        throw new Refusal(400, ProblemCodes.UnknownRole, $"There is no role '{Refusal.Shorten(role)}'. The roles are {string.Join(", ", _roles.Keys.Order(StringComparer.Ordinal))}; add your own as a Markdown file in the roles folder.");
    }

    /// <summary>The role that a task's labels ask for: the first label that a role claims.</summary>
    public string? ByLabels(IEnumerable<string> labels)
    {
        foreach (var label in labels)
            foreach (var role in _roles.Values)
                if (role.Labels.Contains(label, StringComparer.OrdinalIgnoreCase)) return role.Name;
        return null;
    }

    private static Role Read(string file)
    {
        var text = File.ReadAllText(file).ReplaceLineEndings("\n");
        var end = text.StartsWith("---\n", StringComparison.Ordinal) ? text.IndexOf("\n---\n", 4, StringComparison.Ordinal) : -1;
        if (end < 0) throw new FormatException($"{file}: a role begins with front matter between two lines '---'.");
        var front = new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance).IgnoreUnmatchedProperties().Build()
            .Deserialize<FrontMatter>(text[4..end]) ?? new FrontMatter();
        return new Role(Path.GetFileNameWithoutExtension(file), front.Team, front.Labels ?? [], text[(end + 5)..].Trim());
    }

    private sealed class FrontMatter
    {
        public string? Team { get; set; }
        public List<string>? Labels { get; set; }
    }
}

public sealed record Role(string Name, string? Team, IReadOnlyList<string> Labels, string Instructions);
