using System.Globalization;
using System.Text.RegularExpressions;

namespace Muster.Dashboard.Kit.Diffs;

public enum LineKind
{
    Same,
    Added,
    Removed,
    Hunk,
}

/// <param name="Kind">What became of it.</param>
/// <param name="Old">Its number before.</param>
/// <param name="New">Its number now.</param>
/// <param name="Text">Without the mark in front.</param>
public sealed record DiffLine(LineKind Kind, int? Old, int? New, string Text);

internal sealed record DiffFile
{
    public required string Path { get; init; }
    public string? OldPath { get; init; }
    public required string Change { get; init; }
    public bool Binary { get; init; }
    public List<DiffLine> Lines { get; } = [];
    public int Added => Lines.Count(l => l.Kind == LineKind.Added);
    public int Removed => Lines.Count(l => l.Kind == LineKind.Removed);
}

/// <summary>Reads what <c>git diff</c> writes. What it does not understand it leaves out; nothing that a file holds can end the reading.</summary>
internal static partial class Diff
{
    public static IReadOnlyList<DiffFile> Parse(string text)
    {
        List<DiffFile> files = [];
        DiffFile? file = null;
        var (oldLeft, newLeft, oldAt, newAt) = (0, 0, 0, 0);
        foreach (var raw in text.Split('\n'))
        {
            var line = raw.TrimEnd('\r');
            // Within a hunk the counts say what belongs to it, whatever it looks like.
            if (file is not null && (oldLeft > 0 || newLeft > 0))
            {
                if (Body(file, line, ref oldLeft, ref newLeft, ref oldAt, ref newAt)) continue;
                (oldLeft, newLeft) = (0, 0);
            }

            if (line.StartsWith("diff --git ", StringComparison.Ordinal)) files.Add(file = Begin(line));
            else if (file is null) continue;
            else if (Header().Match(line) is { Success: true } hunk)
            {
                (oldAt, oldLeft, newAt, newLeft) = (Number(hunk, "old"), Count(hunk, "oldCount"), Number(hunk, "new"), Count(hunk, "newCount"));
                file.Lines.Add(new DiffLine(LineKind.Hunk, null, null, hunk.Groups["where"].Value.Trim()));
            }
            else
            {
                files[^1] = file = Said(file, line);
            }
        }

        return files;
    }

    private static bool Body(DiffFile file, string line, ref int oldLeft, ref int newLeft, ref int oldAt, ref int newAt)
    {
        var text = line.Length > 0 ? line[1..] : "";
        switch (line.Length > 0 ? line[0] : ' ')
        {
            case '+':
                file.Lines.Add(new DiffLine(LineKind.Added, null, newAt++, text));
                newLeft--;
                return true;
            case '-':
                file.Lines.Add(new DiffLine(LineKind.Removed, oldAt++, null, text));
                oldLeft--;
                return true;
            case ' ':
                file.Lines.Add(new DiffLine(LineKind.Same, oldAt++, newAt++, text));
                oldLeft--;
                newLeft--;
                return true;
            case '\\':
                return true;
            default:
                return false;
        }
    }

    private static DiffFile Begin(string line)
    {
        // "a/PATH b/PATH": the same path twice, unless the lines that follow say otherwise.
        var paths = line["diff --git ".Length..];
        var half = paths.Length / 2;
        var path = paths.Length > 4 && paths[half] == ' ' ? paths[(half + 1)..] : paths[(paths.LastIndexOf(" b/", StringComparison.Ordinal) + 1)..];
        return new DiffFile { Path = Plain(path, "b/"), Change = "changed" };
    }

    private static DiffFile Said(DiffFile file, string line) => line switch
    {
        _ when line.StartsWith("new file", StringComparison.Ordinal) => file with { Change = "new" },
        _ when line.StartsWith("deleted file", StringComparison.Ordinal) => file with { Change = "deleted" },
        _ when line.StartsWith("rename from ", StringComparison.Ordinal) => file with { Change = "renamed", OldPath = line["rename from ".Length..] },
        _ when line.StartsWith("rename to ", StringComparison.Ordinal) => file with { Path = line["rename to ".Length..] },
        _ when line.StartsWith("+++ b/", StringComparison.Ordinal) => file with { Path = line["+++ b/".Length..] },
        _ when line.StartsWith("Binary files ", StringComparison.Ordinal) => file with { Binary = true },
        _ => file,
    };

    private static string Plain(string path, string side) => path.StartsWith(side, StringComparison.Ordinal) ? path[side.Length..] : path;

    private static int Number(Match hunk, string name) => int.TryParse(hunk.Groups[name].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static int Count(Match hunk, string name) => hunk.Groups[name].Success ? Number(hunk, name) : 1;

    [GeneratedRegex("^@@ -(?<old>[0-9]+)(,(?<oldCount>[0-9]+))? \\+(?<new>[0-9]+)(,(?<newCount>[0-9]+))? @@(?<where>.*)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Header();
}
