using System.Collections;

namespace Muster.Runner.Processes;

/// <summary>Environment of what we start: ours, without what a child must not have.</summary>
public static class ChildEnvironment
{
    /// <summary>Marks every process that a host daemon is answerable for, so that it is found again wherever it hid.</summary>
    public const string Marker = "MUSTER_RUN";

    // Names, not values: a variable that is named like a secret is one until somebody passes it on purpose.
    private static readonly string[] SecretWords =
        ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "API_KEY", "APIKEY", "ACCESS_KEY", "PRIVATE_KEY", "SSH_AUTH_SOCK", "ASKPASS"];

    /// <summary>Ours without Muster's own variables, git's, and all that look like secrets; with the marker and <paramref name="extra"/>.</summary>
    public static Dictionary<string, string> Create(string? marker, params IEnumerable<KeyValuePair<string, string>> extra)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
        {
            if (entry is { Key: string name, Value: string value } && MayInherit(name)) result[name] = value;
        }

        foreach (var (name, value) in extra) result[name] = value;
        if (marker is not null) result[Marker] = marker;
        return result;
    }

    internal static bool MayInherit(string name) =>
        !name.StartsWith("MUSTER_", StringComparison.OrdinalIgnoreCase)
        && !name.StartsWith("GIT_", StringComparison.OrdinalIgnoreCase)
        && !LooksSecret(name);

    internal static bool LooksSecret(string name) => SecretWords.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    /// <summary>Keeps tools from waiting for a person, calling home, and leaving servers behind.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Quiet { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["CI"] = "true",
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_SKIP_FIRST_TIME_EXPERIENCE"] = "1",
        ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false",
        ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["npm_config_fund"] = "false",
        ["npm_config_audit"] = "false",
        ["npm_config_update_notifier"] = "false",
        ["NO_COLOR"] = "1",
        ["TERM"] = "dumb",
    };
}
