using System.Text;
using Muster.Runner.Builtin.Tools;
using Muster.Runner.Git;

namespace Muster.Runner.Builtin.Context;

/// <summary>What a repository says to agents: <c>AGENTS.md</c> and <c>CLAUDE.md</c> at its root, and skills, of which only name and purpose are told.</summary>
internal static class RepositoryGuides
{
    private const int MaxGuide = 24_000;
    private const int MaxSkills = 40;

    public static async Task<string> DescribeAsync(AttemptFolder folder, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in new[] { "AGENTS.md", "CLAUDE.md" })
        {
            if (await TryReadAsync(folder, name, cancellation) is not { } guide || !seen.Add(guide.Trim())) continue;
            var shown = Texts.CutCounted(guide, MaxGuide, "; read the file for the rest");
            text.Append($"<file path=\"{name}\">\n{Escape(shown)}\n</file>\n");
        }

        var skills = await SkillsAsync(folder, cancellation);
        if (skills.Count > 0) text.Append("<skills>\n").AppendJoin('\n', skills).Append("\n</skills>\nRead a skill's file before you do what it is for.\n");
        return text.ToString();
    }

    private static async Task<List<string>> SkillsAsync(AttemptFolder folder, CancellationToken cancellation)
    {
        if (folder.Git is not { } git) return [];
        var listed = await git.TryAsync(["ls-files", "--", "SKILL.md", "**/SKILL.md"], cancellation, new GitOptions());
        var skills = new List<string>();
        foreach (var path in listed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(MaxSkills))
        {
            if (await TryReadAsync(folder, path, cancellation) is not { } skill) continue;
            var (name, purpose) = FrontMatter(skill);
            skills.Add(Escape($"- {name ?? Path.GetFileName(Path.GetDirectoryName(path)) ?? path} ({path}): {purpose ?? "no description"}"));
        }

        return skills;
    }

    // Two plain fields: a whole YAML reader would be work for whoever wants to harm us with one.
    private static (string? Name, string? Description) FrontMatter(string text)
    {
        var lines = text.Split('\n').Select(line => line.TrimEnd('\r')).Take(60).ToList();
        if (lines.Count == 0 || lines[0] != "---") return (null, null);
        var front = lines.Skip(1).TakeWhile(line => line != "---").ToList();
        return (Field("name"), Field("description"));

        string? Field(string name)
        {
            var line = front.FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.Ordinal));
            var value = line?[(name.Length + 1)..].Trim().Trim('"', '\'');
            return string.IsNullOrEmpty(value) ? null : Texts.Cut(value, 300);
        }
    }

    private static async Task<string?> TryReadAsync(AttemptFolder folder, string path, CancellationToken cancellation)
    {
        try
        {
            var full = folder.Resolve(path);
            return File.Exists(full) ? await Files.ReadAsync(full, path, cancellation) : null;
        }
        catch (ToolFailureException)
        {
            // A link, or no text: then it says nothing to us.
            return null;
        }
    }

    /// <summary>Text from outside cannot end the element it stands in.</summary>
    internal static string Escape(string text) => text.Replace("</", "<\u200b/", StringComparison.Ordinal);
}
