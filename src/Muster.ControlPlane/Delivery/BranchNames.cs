using System.Security.Cryptography;
using System.Text;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Delivery;

/// <summary>What branches and refs are called. Whatever the title or the name, the answer is a valid and harmless ref.</summary>
public static class BranchNames
{
    public const string Heads = "refs/heads/";
    public const string Wip = "refs/muster/wip/";
    private const string Agents = "agent/";
    private const int SlugLimit = 40;

    // By hand, because without culture data the framework does not take letters apart.
    private const string Accented = "àáâãäåçèéêëìíîïñòóôõöøùúûüýÿ";
    private const string Plain = "aaaaaaceeeeiiiinoooooouuuuyy";

    /// <summary><c>agent/NAME/flt-12-add-health-endpoint</c>.</summary>
    public static string Agent(string agent, string taskKey, string title)
    {
        var slug = Slug(title);
        return AgentPrefix(agent, taskKey) + (slug.Length == 0 ? "" : "-" + slug);
    }

    /// <summary><c>epic-3/payment-service</c>.</summary>
    public static string Epic(int number, string title)
    {
        var slug = Slug(title);
        return $"epic-{number}/{(slug.Length == 0 ? "work" : slug)}";
    }

    /// <summary><c>refs/muster/wip/FLT-12/3</c>: half-done work of one attempt.</summary>
    public static string WipRef(string taskKey, int epoch) => $"{Wip}{taskKey}/{epoch}";

    /// <summary>Keeps what the merge queue tests from being tidied away, and lets hosts fetch it.</summary>
    public static string QueueRef(string entryId) => $"refs/muster/queue/{entryId}";

    /// <summary>
    /// Whether a branch is this agent's for this task. The title part is free, so that a task renamed half-way keeps its branch.
    /// </summary>
    public static bool IsOwn(string branch, string agent, string taskKey)
    {
        var prefix = AgentPrefix(agent, taskKey);
        if (branch == prefix) return true;
        if (!branch.StartsWith(prefix + "-", StringComparison.Ordinal) || branch.Length > prefix.Length + 1 + SlugLimit) return false;
        var slug = branch[(prefix.Length + 1)..];
        return slug.Length > 0 && slug == Slug(slug);
    }

    /// <summary>Kind, agent and task key of a ref, as far as its name says.</summary>
    public static (string Kind, string? Agent, string? TaskKey) Read(string reference, string target)
    {
        if (reference.StartsWith(Wip, StringComparison.Ordinal)) return ("wip", null, reference[Wip.Length..].Split('/')[0]);
        var name = reference.StartsWith(Heads, StringComparison.Ordinal) ? reference[Heads.Length..] : reference;
        if (name == target) return ("target", null, null);
        if (name.StartsWith("epic-", StringComparison.Ordinal) && name.Contains('/', StringComparison.Ordinal)) return ("epic", null, null);
        var parts = name.Split('/');
        if (parts.Length != 3 || parts[0] != "agent") return ("other", null, null);
        var words = parts[2].Split('-');
        return ("agent", parts[1], words.Length >= 2 ? $"{words[0]}-{words[1]}".ToUpperInvariant() : null);
    }

    /// <summary>Lower-case letters, digits and single dashes; empty when the text has none of them.</summary>
    public static string Slug(string text)
    {
        var slug = new StringBuilder(SlugLimit);
        foreach (var c in text)
        {
            if (slug.Length >= SlugLimit) break;
            var accent = Accented.IndexOf(char.ToLowerInvariant(c), StringComparison.Ordinal);
            var letter = accent >= 0 ? Plain[accent] : char.ToLowerInvariant(c);
            if (char.IsAsciiLetterOrDigit(letter)) slug.Append(letter);
            else if (slug.Length > 0 && slug[^1] != '-') slug.Append('-');
        }

        return slug.ToString().Trim('-');
    }

    private static string AgentPrefix(string agent, string taskKey) => $"{Agents}{Name(agent)}/{taskKey.ToLowerInvariant()}";

    /// <summary>An agent's name as part of a ref. A name that had to be changed carries a hash, so that no two agents share a branch.</summary>
    private static string Name(string agent)
    {
        if (Names.IsName(agent)) return agent;
        var slug = Slug(agent);
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(agent)))[..6];
        return slug.Length == 0 ? hash : $"{slug}-{hash}";
    }
}
