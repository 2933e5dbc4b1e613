using Muster.Contracts.Work;

namespace Muster.ControlPlane.Work.Plans;

/// <summary>A table of issues: which column holds what, told by its headings.</summary>
internal sealed class PlanTable
{
    private readonly List<(string Kind, string Name)> _columns = [];
    private double? _bareHours;

    public bool HasNumbers { get; private set; }

    public static bool IsRow(string text) => text.StartsWith('|');

    public static bool IsDelimiter(string text)
    {
        if (!text.Contains('-', StringComparison.Ordinal) || !text.Contains('|', StringComparison.Ordinal)) return false;
        foreach (var c in text)
        {
            if (c is not ('|' or '-' or ':' or ' ')) return false;
        }
        return true;
    }

    public static List<string> Cells(string row)
    {
        var text = row.Trim();
        var cells = new List<string>();
        var start = text.StartsWith('|') ? 1 : 0;
        var code = false;
        for (var i = start; i < text.Length; i++)
        {
            if (text[i] == '`') code = !code && text.IndexOf('`', i + 1) is var close and > 0 && close - i < 1_000;
            if (text[i] == '\\' && i + 1 < text.Length) i++;
            else if (text[i] == '|' && !code)
            {
                cells.Add(text[start..i]);
                start = i + 1;
            }
        }
        if (start < text.Length) cells.Add(text[start..]);
        return [.. cells.Select(cell => cell.Trim().Replace("\\|", "|", StringComparison.Ordinal))];
    }

    /// <summary>The columns, or null when there is none that holds issues.</summary>
    public static PlanTable? ReadHeader(PlanLine line, PlanNotes notes)
    {
        var table = new PlanTable();
        foreach (var cell in Cells(line.Text))
        {
            var kind = KindOf(cell);
            // A name twice, or one that is either number or title, goes to what is still missing.
            if (kind == "issue") kind = table.Has("number") || table.Has("issue") ? "title" : "issue";
            table._columns.Add((kind, cell));
            if (kind == "hours") table._bareHours = UnitOf(cell);
        }
        table.Settle();
        if (!table.Has("title")) return null;
        foreach (var (_, name) in table._columns.Where(column => column.Kind == "other" && column.Name.Length > 0))
        {
            notes.NotUnderstood(line.Number, $"the column \"{PlanText.Excerpt(name)}\"; what it says was added to the descriptions");
        }
        return table;
    }

    /// <summary>The row's issue; null when it has none, and then the reason.</summary>
    public IssueDraft? ReadRow(PlanLine line, PlanNotes notes, out PlanTotals? total, out string? refusal)
    {
        total = null;
        refusal = null;
        var cells = Cells(line.Text);
        if (cells.Count > _columns.Count) refusal = "the row has more cells than the table has columns";
        if (refusal is not null || cells.TrueForAll(cell => cell.Length == 0)) return null;
        var texts = _columns.Zip(cells, (column, cell) => (column.Kind, column.Name, Cell: cell)).ToList();
        if (cells.Find(cell => cell.Length > 0) is { } head && PlanTotalsLine.StartsTotal(head))
        {
            var hours = texts.Find(text => text.Kind == "hours").Cell ?? "";
            if (Hours.TryRead(hours, out var sum) || (_bareHours is { } unit && Hours.TryReadBare(hours, unit, out sum))) total = new PlanTotals { Hours = sum };
            else refusal = "the row of the total";
            return null;
        }
        var title = texts.Find(text => text.Kind == "title").Cell ?? "";
        var lead = IssueLead.Read(HasNumbers ? (texts.Find(text => text.Kind == "number").Cell ?? "") : title);
        if (lead.Number is null || (HasNumbers && lead.Rest.Length > 0))
        {
            refusal = "the row has no issue number such as 1.3";
            return null;
        }
        var issue = new IssueDraft(lead.Number, line.Number, notes) { Indent = line.Indent };
        lead.ApplyTo(issue);
        IssueText.Read(HasNumbers ? title : lead.Rest, issue, notes);
        foreach (var (kind, name, cell) in texts) Apply(issue, kind, name, cell, notes);
        return issue;
    }

    private void Apply(IssueDraft issue, string kind, string name, string cell, PlanNotes notes)
    {
        if (cell.Length == 0 || kind is "number" or "title" || (cell.Length == 1 && (PlanText.IsDash(cell[0]) || cell[0] == '/'))) return;
        if (kind is "notes" or "other")
        {
            issue.Describe(kind == "notes" ? cell : $"{name}: {cell}", issue.Line);
            return;
        }
        if (kind == "done" && cell.ToUpperInvariant() is "X" or "YES" or "Y") issue.Set(Mark.Done);
        else if (kind == "done" && cell.ToUpperInvariant() is "NO" or "N" or "OPEN" or "PENDING" or "PLANNED") issue.Set(Mark.Open);
        else if (kind == "approval" && cell.ToUpperInvariant() is "X" or "YES" or "Y") issue.Apply(new Annotation.Approval());
        else if (kind == "approval" && cell.ToUpperInvariant() is "NO" or "N") return;
        else if (kind == "hours" && _bareHours is { } unit && Hours.TryReadBare(cell, unit, out var hours)) issue.Apply(new Annotation.Estimate(hours));
        else if (ReadCell(kind, cell) is { } annotation) issue.Apply(annotation);
        else notes.NotUnderstood(issue.Line, $"{issue.Number}: \"{PlanText.Excerpt(cell)}\" in the column \"{PlanText.Excerpt(name)}\"");
    }

    private static Annotation? ReadCell(string kind, string cell) => (kind, Annotations.Read(cell)) switch
    {
        ("hours", Annotation.Estimate read) => read,
        ("percent" or "done", Annotation.Percent read) => read,
        ("percent" or "done", Annotation.State read) => read,
        ("percent", _) => Annotations.Read(cell + "%") as Annotation.Percent,
        ("done", _) => Box(cell),
        ("assignee", _) => Annotations.IsName(cell.TrimStart('@')) ? new Annotation.Assignee(cell.TrimStart('@')) : null,
        ("after", Annotation.After read) => read,
        ("after", _) => References.ReadIssues(cell) is { } issues ? new Annotation.After(issues) : null,
        ("priority", _) => Annotations.Read("priority " + cell) as Annotation.Priority,
        ("labels", _) => Annotations.Read("labels: " + cell.Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal)),
        ("role", _) => Annotations.Read("role: " + cell),
        ("approval", Annotation.Approval read) => read,
        _ => null,
    };

    private static Annotation.State? Box(string cell)
    {
        var scan = new Scanner(cell);
        var mark = Marks.TakeFrom(ref scan);
        return mark != Mark.None && scan.AtEnd ? new Annotation.State(mark) : null;
    }

    private bool Has(string kind) => _columns.Exists(column => column.Kind == kind);

    private void Settle()
    {
        var either = _columns.FindIndex(column => column.Kind == "issue");
        if (either >= 0) _columns[either] = (Has("title") && !Has("number") ? "number" : Has("title") ? "other" : "title", _columns[either].Name);
        HasNumbers = Has("number");
    }

    private static double? UnitOf(string heading)
    {
        var text = heading.ToUpperInvariant();
        return text.Contains("HOUR", StringComparison.Ordinal) || text.Contains("(H)", StringComparison.Ordinal) || text is "H" or "HRS" ? 1
            : text.Contains("DAY", StringComparison.Ordinal) || text.Contains("(D)", StringComparison.Ordinal) ? Hours.PerDay
            : null;
    }

    private static string KindOf(string heading) => heading.Split('(')[0].Trim().TrimEnd('.').ToUpperInvariant() switch
    {
        "#" or "NO" or "NR" or "NUMBER" or "ID" => "number",
        "TITLE" or "NAME" or "SUMMARY" or "WHAT" => "title",
        "ISSUE" or "TASK" or "ITEM" or "STORY" or "WORK" => "issue",
        "HOURS" or "HOUR" or "H" or "HRS" or "ESTIMATE" or "EST" or "EFFORT" or "DAYS" or "EST HOURS" or "ESTIMATED HOURS" => "hours",
        "%" or "PERCENT" or "PROGRESS" or "COMPLETE" or "% COMPLETE" => "percent",
        "STATUS" or "STATE" or "DONE" or "" or "DONE?" => heading.Trim().Length == 0 ? "other" : "done",
        "OWNER" or "ASSIGNEE" or "WHO" or "AGENT" or "ASSIGNED TO" => "assignee",
        "AFTER" or "DEPENDS ON" or "DEPENDENCIES" or "DEPENDENCY" or "DEPENDS" or "NEEDS" or "BLOCKED BY" => "after",
        "PRIORITY" or "PRIO" or "P" => "priority",
        "LABELS" or "LABEL" or "TAGS" or "TAG" => "labels",
        "ROLE" => "role",
        "APPROVAL" or "NEEDS APPROVAL" => "approval",
        "DESCRIPTION" or "NOTES" or "NOTE" or "DETAILS" or "COMMENT" => "notes",
        _ => "other",
    };
}
