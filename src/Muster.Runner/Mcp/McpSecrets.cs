using System.Text.RegularExpressions;

namespace Muster.Runner.Mcp;

/// <summary>
/// Fills <c>${secret:NAME}</c> in at the moment a server is started, on the host: from the variable <c>MUSTER_SECRET_NAME</c> of the
/// host daemon, from the file that <c>MUSTER_SECRET_NAME_FILE</c> names, or from the file NAME in the secrets folder.
/// </summary>
/// <param name="folder">The secrets folder; only its owner may read what lies in it.</param>
/// <param name="variable">Reads a variable.</param>
public sealed partial class McpSecrets(string folder, Func<string, string?> variable)
{
    public const string Prefix = "MUSTER_SECRET_";

    private readonly List<string> _used = [];

    /// <exception cref="McpSetupException">A secret is not there, or others may read it.</exception>
    public string Fill(string text) => Reference().Replace(text, match => Find(match.Groups["name"].Value));

    /// <summary>The names that a text asks for.</summary>
    public static IEnumerable<string> In(string text) => Reference().Matches(text).Select(match => match.Groups["name"].Value);

    /// <summary>Without what was filled in so far: for everything that a server says.</summary>
    public string Redact(string text)
    {
        lock (_used)
            foreach (var secret in _used) text = text.Replace(secret, "[secret]", StringComparison.Ordinal);
        return text;
    }

    private string Find(string name)
    {
        var secret = variable(Prefix + name) is { Length: > 0 } value ? value : ReadFile(name);
        // Of a very short one nothing could be told apart.
        lock (_used)
            if (secret.Length >= 6 && !_used.Contains(secret)) _used.Add(secret);
        return secret;
    }

    private string ReadFile(string name)
    {
        var file = variable(Prefix + name + "_FILE") is { Length: > 0 } named ? named : Path.Combine(folder, name);
        try
        {
            if (File.Exists(file) && !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) != UnixFileMode.None)
                throw new McpSetupException($"Others may read the secret {name} in {file}: chmod 600 {file}");
            return File.ReadAllText(file).Trim() is { Length: > 0 } text ? text : throw new McpSetupException($"The secret {name} in {file} is empty.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new McpSetupException($"There is no secret {name}: write it to {file} (chmod 600), or set {Prefix}{name} for the host daemon.", error);
        }
    }

    [GeneratedRegex(@"\$\{secret:(?<name>[A-Za-z0-9_]{1,100})\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Reference();
}
