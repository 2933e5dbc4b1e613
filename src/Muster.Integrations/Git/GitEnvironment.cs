namespace Muster.Integrations.Git;

/// <summary>
/// What a git process may see. On the mirrors: nothing of the machine's or the person's configuration. Towards the
/// person's own repository: their home, agent and configuration, since their credentials live there.
/// </summary>
internal static class GitEnvironment
{
    public static void Fill(IDictionary<string, string?> environment, string folder, string? repository, bool personal,
        IReadOnlyList<(string Key, string Value)> settings)
    {
        var path = environment.TryGetValue("PATH", out var value) ? value : "/usr/local/bin:/usr/bin:/bin";
        if (personal)
        {
            foreach (var name in environment.Keys.Where(IsForeign).ToList()) environment.Remove(name);
            if (!environment.ContainsKey("GIT_SSH_COMMAND")) environment["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes";
        }
        else
        {
            environment.Clear();
            environment["PATH"] = path;
            environment["HOME"] = folder;
            environment["GIT_CONFIG_NOSYSTEM"] = "1";
            environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
            environment["TZ"] = "UTC";
        }

        environment["LC_ALL"] = "C";
        environment["GIT_TERMINAL_PROMPT"] = "0";
        environment["GIT_ASKPASS"] = "true";
        environment["GIT_NO_REPLACE_OBJECTS"] = "1";
        environment["GIT_ALLOW_PROTOCOL"] = "file:git:http:https:ssh";
        environment["GIT_CEILING_DIRECTORIES"] = Path.GetDirectoryName(folder.TrimEnd('/')) ?? "/";
        if (repository is not null) environment["GIT_DIR"] = repository;

        environment["GIT_CONFIG_COUNT"] = settings.Count.ToString();
        for (var i = 0; i < settings.Count; i++)
        {
            environment[$"GIT_CONFIG_KEY_{i}"] = settings[i].Key;
            environment[$"GIT_CONFIG_VALUE_{i}"] = settings[i].Value;
        }
    }

    /// <summary>Variables that would point git at another repository, and our own secrets.</summary>
    private static bool IsForeign(string name) =>
        name.StartsWith("MUSTER_", StringComparison.Ordinal)
        || (name.StartsWith("GIT_", StringComparison.Ordinal) && name is not ("GIT_SSH_COMMAND" or "GIT_SSH" or "GIT_SSL_CAINFO" or "GIT_CONFIG_GLOBAL"));
}
