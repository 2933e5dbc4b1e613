using System.Text.Json;
using Muster.Runner.Executors;
using Muster.Runner.Processes;

namespace Muster.Runner.Profiles;

/// <summary>What a program is given: a home of its own for this run, the way to models, git as this agent, and no credential of ours.</summary>
internal static class ProfileEnvironment
{
    // Where there is no sandbox, what builds download is shared with the person's own; it holds no credential. Cargo's and Maven's folders do.
    private static readonly (string Variable, string Path)[] Caches =
    [
        ("NUGET_PACKAGES", ".nuget/packages"), ("npm_config_cache", ".npm"), ("GOMODCACHE", "go/pkg/mod"), ("GOCACHE", ".cache/go-build"),
        ("PIP_CACHE_DIR", ".cache/pip"), ("RUSTUP_HOME", ".rustup"), ("PLAYWRIGHT_BROWSERS_PATH", ".cache/ms-playwright"),
    ];

    private static readonly string[] XdgFolders = ["config", "data", "cache", "state"];

    /// <param name="attempt">Whose run it is.</param>
    /// <param name="home">Its home, as we see it.</param>
    /// <param name="sandbox">Knows how the program sees it.</param>
    /// <param name="own">The profile's variables.</param>
    public static Dictionary<string, string> Create(Attempt attempt, string home, ProfileSandbox sandbox, IEnumerable<KeyValuePair<string, string>> own)
    {
        var environment = CommandEnvironment.Create(attempt, Path.Combine(attempt.Scratch, "result.json"));
        environment.Remove("MUSTER_RESULT");
        environment["HOME"] = sandbox.Home;
        foreach (var folder in XdgFolders)
        {
            Directory.CreateDirectory(Path.Combine(home, "." + folder));
            environment[$"XDG_{folder.ToUpperInvariant()}_HOME"] = Path.Combine(sandbox.Home, "." + folder);
        }

        environment.Remove("XDG_RUNTIME_DIR");
        if (!sandbox.Works) ShareCaches(environment);

        // A person's own settings for these programs have no place in an agent's run.
        foreach (var name in environment.Keys.Where(IsForAnotherProvider).ToList()) environment.Remove(name);
        foreach (var (name, value) in own) environment[name] = value;
        foreach (var (name, value) in attempt.Definition.Environment ?? new Dictionary<string, string>(StringComparer.Ordinal)) environment[name] = value;
        environment[ChildEnvironment.Marker] = attempt.Marker;
        return environment;
    }

    private static void ShareCaches(Dictionary<string, string> environment)
    {
        var person = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        foreach (var (variable, path) in Caches)
        {
            var folder = Path.Combine(person, path);
            if (!environment.ContainsKey(variable) && Directory.Exists(folder)) environment[variable] = folder;
        }
    }

    private static bool IsForAnotherProvider(string name) =>
        name.StartsWith("ANTHROPIC_", StringComparison.Ordinal) || name.StartsWith("CLAUDE_", StringComparison.Ordinal) || name.StartsWith("OPENAI_", StringComparison.Ordinal)
        || name.StartsWith("CODEX_", StringComparison.Ordinal) || name.StartsWith("OPENCODE_", StringComparison.Ordinal) || name.StartsWith("GEMINI_", StringComparison.Ordinal)
        || name.StartsWith("GOOGLE_", StringComparison.Ordinal) || name.StartsWith("AIDER_", StringComparison.Ordinal) || name == "CLAUDECODE";
}

/// <summary>Fills a run's values into what a profile declares.</summary>
/// <param name="values">By name, without the signs around it.</param>
internal sealed class ProfileValues(IReadOnlyDictionary<string, string> values)
{
    public string Fill(string text) => values.Aggregate(text, (filled, pair) => filled.Replace($"%{pair.Key}%", pair.Value, StringComparison.Ordinal));

    /// <summary>As within quotes of JSON or TOML.</summary>
    public string FillQuoted(string text) => values.Aggregate(text, (filled, pair) => filled.Replace($"%{pair.Key}%", JsonEncodedText.Encode(pair.Value).ToString(), StringComparison.Ordinal));
}
