using Muster.Contracts.Work;

namespace Muster.ControlPlane.Work.Plans;

/// <summary>An epic while its lines are being read.</summary>
internal sealed class EpicDraft(int number, int line)
{
    public int Number => number;
    public int Line => line;

    /// <summary>Whether no heading names it: the one epic of a plan without epics.</summary>
    public bool Implicit { get; init; }
    public int Level { get; init; }
    public string Title { get; set; } = "";
    public PlanTotals Stated { get; set; } = new();
    public int? Percent { get; set; }
    public Mark Mark { get; set; }
    public Gate? Gate { get; set; }
    public int GateLine { get; set; }
    public List<IssueDraft> Issues { get; } = [];

    public PlanEpic Build() => new()
    {
        Number = number,
        Title = Title,
        Line = line,
        Stated = Stated,
        Gate = Gate,
        Issues = [.. Issues.Select(issue => issue.Build())],
    };
}

/// <summary>Headings with figures in them: <c>Epic 2: title (5 issues, 60h)</c>, and the plan's own.</summary>
internal static class Headings
{
    public static bool LooksLikeEpic(string text)
    {
        var scan = new Scanner(text);
        Marks.TakeFrom(ref scan);
        return scan.TakePhrase("epic");
    }

    /// <summary>The epic that the heading opens, or null when its number cannot be read.</summary>
    public static EpicDraft? ReadEpic(PlanLine line, PlanNotes notes)
    {
        var scan = new Scanner(line.Text);
        var mark = Marks.TakeFrom(ref scan);
        if (!scan.TakeAny("epic")) return null;
        scan.Take('#');
        if (!scan.TakeInteger(out var number) || char.IsLetterOrDigit(scan.Current)) return null;
        scan.SkipSpaces();
        var cut = scan.Take(':') || scan.Take('.') || scan.Take(')') || scan.TakeDash();
        scan.SkipSpaces();
        if (!cut && char.IsAsciiDigit(scan.Current)) return null;
        var epic = new EpicDraft(number, line.Number) { Level = line.Heading == 0 ? 6 : line.Heading, Mark = mark };
        var (title, stated) = ReadFigures(scan.Rest.ToString(), epic, line.Number, notes);
        epic.Title = title.Length == 0 ? $"Epic {number}" : title;
        epic.Stated = stated;
        return epic;
    }

    /// <summary>Takes sums, marks and gates out of a heading; the rest is its title.</summary>
    public static (string Title, PlanTotals Stated) ReadFigures(string text, EpicDraft? epic, int line, PlanNotes notes)
    {
        var title = new TitleBuilder();
        var stated = new PlanTotals();
        var titleLast = true;
        foreach (var piece in Pieces.Cut(text))
        {
            if (piece.Kind == PieceKind.Separator)
            {
                title.Separate(piece.Raw);
                titleLast = false;
                continue;
            }
            var inside = piece.Kind == PieceKind.Text ? piece.Raw.Trim() : piece.Inside.Trim();
            var isTitle = piece.Kind == PieceKind.Text && (title.IsEmpty || titleLast);
            titleLast &= inside.Length == 0;
            if (inside.Length > 0 && !isTitle && Take(inside, epic, line, ref stated)) continue;
            titleLast = true;
            if (piece.Kind == PieceKind.Round && Hours.IsLikelyIn(inside)) notes.NotUnderstood(line, $"the figures \"{PlanText.Excerpt(piece.Raw)}\" of the heading");
            title.Add(piece.Raw);
        }
        return (title.ToString(), stated);
    }

    private static bool Take(string text, EpicDraft? epic, int line, ref PlanTotals stated)
    {
        if (Figures.Read(text, out var percent) is { } figures)
        {
            stated = new PlanTotals { Epics = figures.Epics ?? stated.Epics, Issues = figures.Issues ?? stated.Issues, Hours = figures.Hours ?? stated.Hours };
            if (epic is not null) epic.Percent ??= percent;
            return true;
        }
        if (epic is null) return false;
        if (Marks.Read(text) is var mark and not Mark.None)
        {
            epic.Mark = mark;
            return true;
        }
        if (epic.Gate is not null || GateLine.Read(text) is not { } gate) return false;
        (epic.Gate, epic.GateLine) = (gate, line);
        return true;
    }
}
