using System.Text.Encodings.Web;
using System.Text.Json;

namespace Muster.Runner.Mcp;

/// <summary>
/// How programs of others are told where the tools of an attempt are: one server by address, with the attempt's own key. Files that hold
/// the key are written outside the worktree and only their owner may read them.
/// </summary>
/// <param name="address">Of the attempt's relay.</param>
/// <param name="key">Its key.</param>
public sealed class McpConfigFiles(Uri address, string key)
{
    /// <summary>The server's name in a program's configuration; its tools have their own server's name in theirs.</summary>
    public const string ServerName = "muster";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>For <c>claude --mcp-config FILE --strict-mcp-config</c>.</summary>
    public string ClaudeCode => Json(new { mcpServers = new Dictionary<string, object>(StringComparer.Ordinal) { [ServerName] = new { type = "http", url = address.AbsoluteUri, headers = Headers } } });

    /// <summary>For <c>settings.json</c> of Gemini CLI.</summary>
    public string Gemini => Json(new { mcpServers = new Dictionary<string, object>(StringComparer.Ordinal) { [ServerName] = new { httpUrl = address.AbsoluteUri, headers = Headers } } });

    /// <summary>For <c>opencode.json</c>, or the variable <c>OPENCODE_CONFIG_CONTENT</c>.</summary>
    public string OpenCode => Json(new { mcp = OpenCodeServers });

    /// <summary>The same, to be put under <c>mcp</c> of a configuration that says more.</summary>
    public IReadOnlyDictionary<string, object> OpenCodeServers => new Dictionary<string, object>(StringComparer.Ordinal) { [ServerName] = new { type = "remote", url = address.AbsoluteUri, enabled = true, headers = Headers } };

    /// <summary>For <c>config.toml</c> of Codex, after whatever else stands in it.</summary>
    public string Codex => $$"""

        [mcp_servers.{{ServerName}}]
        url = {{Json(address.AbsoluteUri)}}
        http_headers = { Authorization = {{Json($"Bearer {key}")}} }
        startup_timeout_sec = 30
        tool_timeout_sec = 600

        """;

    /// <summary>Writes one of them; answers its path.</summary>
    /// <param name="folder">The attempt's scratch folder or one below it, never its worktree.</param>
    /// <param name="name">The file's name.</param>
    /// <param name="content">One of the texts above.</param>
    public static string Write(string folder, string name, string content)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, HostFolders.PlainName(name));
        PrivateFile.Write(path, content);
        return path;
    }

    private Dictionary<string, string> Headers => new(StringComparer.Ordinal) { ["Authorization"] = $"Bearer {key}" };

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, Readable);
}
