using System.Text.RegularExpressions;

namespace Muster.Runner.Mcp;

/// <summary>Names under which models know tools of several servers: <c>server__tool</c>, never two the same.</summary>
internal static partial class ToolNames
{
    private const int Longest = 64;

    public static bool IsServerName(string name) => ServerName().IsMatch(name);

    /// <summary>A name of letters, digits, '_' and '-' alone, at most 64 long. What had to be changed gets a piece of its hash, so that no two meet.</summary>
    public static string Of(string server, string tool)
    {
        var plain = $"{server}__{NotPlain().Replace(tool, "_")}";
        if (plain.Length <= Longest && plain == $"{server}__{tool}") return plain;
        var mark = "-" + McpServer.Hash(tool)[..8];
        return plain[..Math.Min(plain.Length, Longest - mark.Length)] + mark;
    }

    // No '_', so that the first "__" of a name always ends the server's part.
    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9-]{0,29}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ServerName();

    [GeneratedRegex("[^A-Za-z0-9_-]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NotPlain();
}
