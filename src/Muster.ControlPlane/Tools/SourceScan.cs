using System.Text.RegularExpressions;
using Muster.Contracts.Tools;

namespace Muster.ControlPlane.Tools;

/// <summary>
/// What a source seems to touch, by its words. Easily deceived, so it decides nothing that the sandbox does not decide again: it
/// shows whoever approves where to look, and keeps what looks odd from being approved by itself.
/// </summary>
internal static partial class SourceScan
{
    private const int Most = 100;

    /// <summary>Programs that every tool finds in its sandbox.</summary>
    private static readonly HashSet<string> Usual = [.. ToolPrograms.Usual, "[", "{", "}", "!", "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "in", "function", "set", "shift", "read",
        "return", "exit", "local", "export", "unset", "trap", "cd", "eval", "exec", "command", "break", "continue", "wait", ":", ".", "type", "ulimit", "umask", "getopts", "pwd"];

    public static IReadOnlyList<ToolFinding> Of(ToolPackage package)
    {
        var permissions = package.Manifest.Permissions;
        var found = new List<ToolFinding>();
        var lines = package.Source.Split('\n');
        for (var index = 0; index < lines.Length && found.Count < Most; index++)
        {
            foreach (var (kind, what) in OfLine(package.Manifest.Language, lines[index]))
                found.Add(new ToolFinding(kind, what.Length <= 100 ? what : what[..97] + "...", index + 1, IsDeclared(kind, what, permissions)));
        }

        return [.. found.DistinctBy(finding => (finding.Kind, finding.What, finding.Line)).Take(Most)];
    }

    private static IEnumerable<(string Kind, string What)> OfLine(string language, string line)
    {
        var (network, program, environment, hidden) = language switch
        {
            ToolLanguages.CSharp => (CSharpNetwork(), CSharpProgram(), CSharpEnvironment(), CSharpHidden()),
            ToolLanguages.Python => (PythonNetwork(), PythonProgram(), PythonEnvironment(), PythonHidden()),
            _ => (ShellNetwork(), (Regex?)null, ShellEnvironment(), ShellHidden()),
        };
        foreach (var what in All(Url(), line)) yield return (FindingKinds.Network, what);
        foreach (var what in All(network, line)) yield return (FindingKinds.Network, what);
        if (program is not null)
        {
            foreach (var what in All(program, line)) yield return (FindingKinds.Program, what);
        }
        else if (!line.TrimStart().StartsWith('#'))
        {
            foreach (var what in ShellCommand().Matches(line).Select(match => match.Groups["name"].Value).Where(name => !Usual.Contains(name) && !name.Contains('=', StringComparison.Ordinal))) yield return (FindingKinds.Program, what);
        }

        foreach (var what in All(Place(), line)) yield return (FindingKinds.Path, what.Trim('"', '\'', ' ', '(', '='));
        foreach (var what in All(environment, line)) yield return (FindingKinds.Environment, what);
        foreach (var what in All(hidden, line)) yield return (FindingKinds.Hidden, what);
    }

    private static bool IsDeclared(string kind, string what, ToolPermissions permissions) => kind switch
    {
        FindingKinds.Network => what.Contains("://", StringComparison.Ordinal)
            ? permissions.Network.Any(host => what[(what.IndexOf("://", StringComparison.Ordinal) + 3)..].StartsWith(host, StringComparison.OrdinalIgnoreCase))
            : permissions.Network.Count > 0,
        FindingKinds.Program => permissions.Programs.Contains(what, StringComparer.Ordinal) || (permissions.Programs.Count > 0 && what.Contains('.', StringComparison.Ordinal)),
        FindingKinds.Path => what.StartsWith("/tmp", StringComparison.Ordinal) || what.StartsWith("/dev/", StringComparison.Ordinal)
            || (what.StartsWith("/workspace", StringComparison.Ordinal) && permissions.Files != ToolFiles.None),
        _ => false,
    };

    private static IEnumerable<string> All(Regex regex, string line) => regex.Matches(line).Select(match => match.Value);

    [GeneratedRegex("https?://[A-Za-z0-9.:-]+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Url();

    // A string that begins like a place of the machine, or climbs.
    [GeneratedRegex("""(["' (=]|^)(~/|/(etc|home|root|proc|sys|var|run|usr|opt|mnt|srv|tmp|dev|workspace)(/[A-Za-z0-9._/-]*)?|\.\./[A-Za-z0-9._/-]*)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Place();

    [GeneratedRegex(@"\b(HttpClient|WebRequest|WebClient|TcpClient|TcpListener|UdpClient|Socket|Dns|ClientWebSocket|SmtpClient|NamedPipe\w*)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CSharpNetwork();

    [GeneratedRegex(@"\b(Process\.Start|ProcessStartInfo)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CSharpProgram();

    [GeneratedRegex(@"\bGetEnvironmentVariables?\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CSharpEnvironment();

    [GeneratedRegex(@"\b(DllImport|LibraryImport|Assembly\.Load\w*|DynamicMethod|Reflection\.Emit|unsafe|Marshal|FromBase64String)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CSharpHidden();

    [GeneratedRegex(@"\b(socket|urllib\w*|http\.client|requests|httpx|aiohttp|ftplib|smtplib|asyncio\.open_connection)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PythonNetwork();

    [GeneratedRegex(@"\b(subprocess|os\.system|os\.popen|os\.exec\w*|os\.spawn\w*|os\.fork|pty|multiprocessing)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PythonProgram();

    [GeneratedRegex(@"\b(os\.environ|os\.getenv|getenv)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PythonEnvironment();

    [GeneratedRegex(@"(?<![.\w])(eval|exec|compile)\s*\(|\b(__import__|importlib|ctypes|marshal|pickle|b64decode)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PythonHidden();

    [GeneratedRegex(@"\b(curl|wget|nc|ncat|netcat|ssh|scp|telnet|socat|ftp)\b|/dev/(tcp|udp)/", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ShellNetwork();

    [GeneratedRegex(@"\b(printenv|env)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ShellEnvironment();

    [GeneratedRegex(@"\b(eval|base64\s+(-d|--decode)|xxd)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ShellHidden();

    // The first word of a command: at the beginning, behind ; | & ( and `, and behind what introduces a body.
    [GeneratedRegex(@"(^|[;|&(`]|\b(then|do|else)\s)\s*(?<name>[A-Za-z0-9_./-]+)(?!\s*\(\))(?![=])", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ShellCommand();
}
