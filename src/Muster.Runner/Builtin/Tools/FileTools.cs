using System.Text;
using Muster.Runner.Git;
using Muster.Runner.Workspaces;

namespace Muster.Runner.Builtin.Tools;

/// <summary>Looking at the workspace: read, list, search.</summary>
internal sealed class FileTools(AttemptFolder folder)
{
    private const int DefaultLines = 400;
    private const int MaxLineLength = 1000;
    private const int MaxEntries = 500;

    public IEnumerable<AgentTool> Tools =>
    [
        AgentTool.Create("read", "Reads lines of a text file, numbered. Long files: pass offset and limit.",
            [
                new("path", "string", "Path from the workspace's root"),
                new("offset", "integer", "First line, from 1", Required: false),
                new("limit", "integer", $"Number of lines, {DefaultLines} when left out", Required: false),
            ], ReadAsync),
        AgentTool.Create("list", "Lists files below a folder, without those that git ignores.",
            [new("path", "string", "Folder from the workspace's root; the root when left out", Required: false)], ListAsync),
        AgentTool.Create("search", "Finds lines in files by regular expression (POSIX extended) or literal text, without files that git ignores. Answers path:line:text.",
            [
                new("pattern", "string", "What to look for"),
                new("path", "string", "File or folder to look in; everything when left out", Required: false),
                new("glob", "string", "Only files that match, such as *.cs or src/**/*.ts", Required: false),
                new("literal", "boolean", "Take the pattern as it stands", Required: false),
                new("ignore_case", "boolean", "Without regard to case", Required: false),
                new("context", "integer", "Lines around each hit, 0 to 10", Required: false),
            ], SearchAsync),
    ];

    private async Task<string> ReadAsync(ToolArguments arguments, CancellationToken cancellation)
    {
        var path = arguments.Text("path");
        var text = await Files.ReadAsync(folder.Existing(path), path, cancellation);
        if (text.Length == 0) return $"'{path}' is empty.";
        var lines = text.Split('\n');
        var count = lines[^1].Length == 0 ? lines.Length - 1 : lines.Length;
        var first = arguments.Number("offset", 1, 1, int.MaxValue);
        var limit = arguments.Number("limit", DefaultLines, 1, 5000);
        if (first > count) return $"'{path}' has {count} lines; there is no line {first}.";
        var answer = new StringBuilder();
        var number = first;
        for (; number <= count && number < first + limit && answer.Length < ToolResult.MaxCharacters - MaxLineLength - 200; number++)
        {
            var line = lines[number - 1].TrimEnd('\r');
            answer.Append(number).Append('\t').Append(Texts.CutCounted(line, MaxLineLength)).Append('\n');
        }

        if (number <= count) answer.Append($"... (lines {number} to {count} are not shown; pass offset {number})\n");
        return answer.ToString();
    }

    private async Task<string> ListAsync(ToolArguments arguments, CancellationToken cancellation)
    {
        var path = arguments.OptionalText("path") ?? ".";
        var full = folder.Resolve(path);
        if (File.Exists(full)) return folder.Name(full);
        if (!Directory.Exists(full)) throw new ToolFailureException($"There is no folder '{path}'.");
        var files = folder.Git is { } git ? await GitFilesAsync(git, full, cancellation) : Walk(full);
        if (files.Count == 0) return $"'{path}' holds no files.";
        return files.Count <= MaxEntries ? string.Join('\n', files) : Shortened(files, full == folder.Root ? "" : folder.Name(full) + "/");
    }

    private static async Task<List<string>> GitFilesAsync(Worktree git, string full, CancellationToken cancellation)
    {
        var listed = await git.RunAsync(["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", Literal(git, full)], cancellation);
        return [.. listed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];
    }

    private List<string> Walk(string full)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true, MaxRecursionDepth = 30 };
        return [.. Directory.EnumerateFiles(full, "*", options).Take(MaxEntries * 20).Select(folder.Name).Order(StringComparer.Ordinal)];
    }

    // Folders with their number of files, where the files themselves would be too many.
    private static string Shortened(List<string> files, string prefix)
    {
        var entries = files.GroupBy(file => file[prefix.Length..].Split('/') is { Length: > 1 } parts ? prefix + parts[0] + "/" : file, StringComparer.Ordinal)
            .Select(group => group.Key.EndsWith('/') ? $"{group.Key} ({group.Count()} files)" : group.Key).ToList();
        var shown = string.Join('\n', entries.Take(MaxEntries));
        return $"{shown}\n... ({files.Count} files in all; list a folder to see what is in it{(entries.Count > MaxEntries ? $"; {entries.Count - MaxEntries} entries left out" : "")})";
    }

    private async Task<string> SearchAsync(ToolArguments arguments, CancellationToken cancellation)
    {
        var pattern = arguments.Text("pattern");
        if (pattern.Length == 0 || pattern.Contains('\n', StringComparison.Ordinal)) throw new ToolFailureException("The pattern must be one line of text.");
        var full = folder.Resolve(arguments.OptionalText("path") ?? ".");
        List<string> command = ["grep", "--line-number", "-I", "--no-color", "--full-name", $"--context={arguments.Number("context", 0, 0, 10)}"];
        command.Add(arguments.Flag("literal") ? "--fixed-strings" : "--extended-regexp");
        if (arguments.Flag("ignore_case")) command.Add("--ignore-case");
        command.Add(folder.Git is null ? "--no-index" : "--untracked");
        command.AddRange(["-e", pattern, "--", .. Where(full, arguments.OptionalText("glob"))]);
        var options = new GitOptions { Timeout = TimeSpan.FromSeconds(30) };
        var result = folder.Git is { } git
            ? await git.TryAsync(command, cancellation, options)
            : await GitProgram.TryAsync(folder.Root, command, options with { Environment = [new("GIT_CEILING_DIRECTORIES", Path.GetDirectoryName(folder.Root)!)] }, cancellation);
        if (result.ExitCode == 1 && result.Error.Length == 0) return "Nothing found.";
        if (!result.Ok) throw new ToolFailureException($"The search was refused: {result.Error.Trim()}");
        return Shorten(result.Output);
    }

    private IEnumerable<string> Where(string full, string? glob)
    {
        var below = full == folder.Root ? "" : folder.Name(full);
        if (glob is null) return [below.Length == 0 ? "." : ":(literal)" + below];
        if (glob.Contains("..", StringComparison.Ordinal) || glob.StartsWith('/') || glob.StartsWith(':')) throw new ToolFailureException("The glob must be a plain one below the workspace.");
        // A name without a folder is meant at any depth.
        var any = glob.Contains('/', StringComparison.Ordinal) ? glob : "**/" + glob;
        return [":(glob)" + (below.Length == 0 ? any : $"{below}/{any}")];
    }

    private static string Shorten(string output)
    {
        var answer = new StringBuilder();
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var shown = 0;
        for (; shown < lines.Length && answer.Length < ToolResult.MaxCharacters - MaxLineLength; shown++)
            answer.Append(Texts.Cut(lines[shown], MaxLineLength / 2, " ...")).Append('\n');
        if (shown < lines.Length) answer.Append($"... ({lines.Length - shown} more lines; narrow the search)\n");
        return answer.ToString();
    }

    private static string Literal(Worktree git, string full) => full == git.Path ? "." : ":(literal)" + Path.GetRelativePath(git.Path, full);
}
