using Muster.Runner.Git;

namespace Muster.Runner.Builtin.Tools;

/// <summary>Changing files: edit, patch, write.</summary>
internal sealed class EditTools(AttemptFolder folder, Progression progression)
{
    private const int MaxContent = 2 * 1024 * 1024;

    public IEnumerable<AgentTool> Tools =>
    [
        AgentTool.Create("edit", "Replaces a text in a file. The old text must stand in it exactly once, character for character; give enough lines around it.",
            [
                new("path", "string", "Path from the workspace's root"),
                new("old", "string", "The text that is there now, without line numbers"),
                new("new", "string", "The text to put in its place"),
                new("all", "boolean", "Replace every place rather than the only one", Required: false),
            ], EditAsync),
        AgentTool.Create("patch", "Applies a unified diff (--- a/file, +++ b/file, @@ hunks) to one or more files, all of it or nothing. For creating and deleting too (/dev/null).",
            [new("patch", "string", "The diff")], PatchAsync),
        AgentTool.Create("write", "Writes a whole file, new or in place of what is there. For a small change use edit.",
            [new("path", "string", "Path from the workspace's root"), new("content", "string", "All of the file")], WriteAsync),
    ];

    private async Task<string> EditAsync(ToolArguments arguments, CancellationToken cancellation)
    {
        var (path, old, replacement) = (arguments.Text("path"), arguments.Text("old"), arguments.Text("new"));
        var full = folder.Existing(path);
        var text = await Files.ReadAsync(full, path, cancellation);
        if (old.Length == 0) throw new ToolFailureException("The old text is empty; use write to make a file.");
        if (old == replacement) throw new ToolFailureException("The new text is the old one: nothing to do.");
        // Models write line feeds; the file may have the other line ends.
        if (text.Contains("\r\n", StringComparison.Ordinal) && !old.Contains('\r', StringComparison.Ordinal))
            (old, replacement) = (old.ReplaceLineEndings("\r\n"), replacement.ReplaceLineEndings("\r\n"));
        var count = Count(text, old);
        if (count == 0) throw new ToolFailureException($"'{path}' does not hold that text. Read the file again: it may differ in blanks or have changed.");
        if (count > 1 && !arguments.Flag("all")) throw new ToolFailureException($"'{path}' holds that text {count} times. Give more lines around it so that it is the only one, or pass all.");
        var changed = text.Replace(old, replacement, StringComparison.Ordinal);
        if (changed.Length > MaxContent) throw TooLong(path);
        await Files.WriteAsync(full, changed, cancellation);
        progression.Changed();
        return $"'{path}' is changed in {(count == 1 ? "one place" : $"{count} places")}.";
    }

    private async Task<string> WriteAsync(ToolArguments arguments, CancellationToken cancellation)
    {
        var (path, content) = (arguments.Text("path"), arguments.Text("content"));
        var full = folder.Resolve(path);
        if (full == folder.Root || Directory.Exists(full)) throw new ToolFailureException($"'{path}' is a folder.");
        if (content.Length > MaxContent) throw TooLong(path);
        var there = File.Exists(full);
        await Files.WriteAsync(full, content, cancellation);
        progression.Changed();
        return $"'{path}' is {(there ? "overwritten" : "made")} ({content.Length} characters).";
    }

    private async Task<string> PatchAsync(ToolArguments arguments, CancellationToken cancellation)
    {
        var patch = arguments.Text("patch");
        if (patch.Length > MaxContent) throw new ToolFailureException("The patch is too long; send it in parts.");
        var paths = PatchPaths.Of(patch);
        if (paths.Count == 0) throw new ToolFailureException("That is no unified diff: it names no file ('--- a/path' and '+++ b/path').");
        foreach (var path in paths) folder.Resolve(path);
        // First as it stands; then with its counts of lines taken as wrong, which models often have them.
        var result = await ApplyAsync(patch, recount: false, cancellation);
        if (!result.Ok && (await ApplyAsync(patch, recount: true, cancellation)) is { Ok: true } again) result = again;
        if (!result.Ok) throw new ToolFailureException($"The patch does not apply and nothing was changed: {result.Error.Trim()}");
        progression.Changed();
        return $"Applied to {string.Join(", ", paths)}.";
    }

    private Task<GitResult> ApplyAsync(string patch, bool recount, CancellationToken cancellation)
    {
        string[] command = ["apply", PatchPaths.HasPrefixes(patch) ? "-p1" : "-p0", .. recount ? ["--recount"] : Array.Empty<string>(), "--whitespace=nowarn", "-"];
        var options = new GitOptions { StdinText = patch.EndsWith('\n') ? patch : patch + "\n" };
        return folder.Git is { } git
            ? git.TryAsync(command, cancellation, options)
            : GitProgram.TryAsync(folder.Root, command, options with { Environment = [new("GIT_CEILING_DIRECTORIES", Path.GetDirectoryName(folder.Root)!)] }, cancellation);
    }

    private static int Count(string text, string part)
    {
        var count = 0;
        for (var at = text.IndexOf(part, StringComparison.Ordinal); at >= 0; at = text.IndexOf(part, at + part.Length, StringComparison.Ordinal)) count++;
        return count;
    }

    private static ToolFailureException TooLong(string path) => new($"'{path}' would have more than {MaxContent / 1024} KB, which is not what a person would review.");
}

/// <summary>The files that a diff names, in every way it can name one.</summary>
internal static class PatchPaths
{
    private static readonly string[] Prefixed = ["--- ", "+++ "];
    private static readonly string[] Plain = ["rename from ", "rename to ", "copy from ", "copy to "];

    /// <exception cref="ToolFailureException">It makes a link or a repository, or names a file in a way that could be read in two.</exception>
    public static IReadOnlyList<string> Of(string patch)
    {
        var paths = new List<string>();
        foreach (var raw in patch.Split('\n'))
        {
            var line = raw.TrimEnd('\r');
            if (line.StartsWith("new file mode ", StringComparison.Ordinal) || line.StartsWith("new mode ", StringComparison.Ordinal))
            {
                if (!line.EndsWith("100644", StringComparison.Ordinal) && !line.EndsWith("100755", StringComparison.Ordinal))
                    throw new ToolFailureException("A patch may make regular files only.");
            }
            else if (line.StartsWith("GIT binary patch", StringComparison.Ordinal))
            {
                throw new ToolFailureException("A patch may hold text only.");
            }
            else if (Prefixed.FirstOrDefault(prefix => line.StartsWith(prefix, StringComparison.Ordinal)) is { } prefix)
            {
                if (Unprefixed(line[prefix.Length..]) is { } path) paths.Add(path);
            }
            else if (Plain.FirstOrDefault(start => line.StartsWith(start, StringComparison.Ordinal)) is { } start)
            {
                paths.Add(Unquoted(line[start.Length..]));
            }
        }

        return [.. paths.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Whether its names begin with <c>a/</c> and <c>b/</c>, as git writes them.</summary>
    public static bool HasPrefixes(string patch) => patch.Split('\n').Any(line => line.StartsWith("+++ b/", StringComparison.Ordinal) || line.StartsWith("--- a/", StringComparison.Ordinal));

    private static string? Unprefixed(string name)
    {
        var path = Unquoted(name.Split('\t')[0].TrimEnd());
        if (path == "/dev/null") return null;
        return path.StartsWith("a/", StringComparison.Ordinal) || path.StartsWith("b/", StringComparison.Ordinal) ? path[2..] : path;
    }

    private static string Unquoted(string name) => name.StartsWith('"') ? throw new ToolFailureException("Quoted names in a patch are not read; rename the file or use write.") : name;
}
