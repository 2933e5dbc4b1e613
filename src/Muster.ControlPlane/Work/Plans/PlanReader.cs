using Muster.Contracts.Work;

namespace Muster.ControlPlane.Work.Plans;

/// <summary>Goes through the lines once and gives each to what it belongs to.</summary>
internal sealed class PlanReader(List<PlanLine> lines, PlanNotes notes)
{
    private readonly PlanDraft _plan = new();
    private EpicDraft? _epic;
    private IssueDraft? _issue;
    private PlanTable? _table;
    private bool _inTable;
    private int _issues;

    public PlanDraft Read()
    {
        MarkUnderlinedHeadings();
        var hasEpics = lines.Exists(line => line.Kind == LineKind.Text && IsEpicHeading(line));
        if (!hasEpics)
        {
            _epic = new EpicDraft(1, 1) { Implicit = true };
            _plan.Epics.Add(_epic);
        }
        for (var i = 0; i < lines.Count; i++) Take(lines[i], i + 1 < lines.Count ? lines[i + 1] : default);
        if (!hasEpics)
        {
            _plan.Epics[0].Title = _plan.Title ?? "Plan";
            if (_plan.Epics[0].Issues.Count == 0) _plan.Epics.Clear();
        }
        return _plan;
    }

    private void MarkUnderlinedHeadings()
    {
        for (var i = 0; i + 1 < lines.Count; i++)
        {
            var (line, under) = (lines[i], lines[i + 1]);
            if (line.Kind != LineKind.Text || line.Bullet || line.Heading > 0 || under.Number != line.Number + 1 || under.Text.Length < 3) continue;
            // Many draw a line of dashes under a paragraph and mean no heading; under "Epic 1: ..." they do.
            var level = under.Text.AsSpan().TrimStart('=').IsEmpty ? 1 : under.Text.AsSpan().TrimStart('-').IsEmpty && Headings.LooksLikeEpic(line.Text) ? 2 : 0;
            if (level > 0) lines[i] = line with { Heading = level };
        }
    }

    private void Take(PlanLine line, PlanLine next)
    {
        if (line.Kind != LineKind.Text)
        {
            if (IsInsideIssue(line)) _issue!.Describe(line.Text, line.Number);
            return;
        }
        if (TakeTable(line, next) || IsRule(line)) return;
        if (IsEpicHeading(line)) TakeEpic(line);
        else if (line.Heading > 0) TakeHeading(line);
        else if (TakeTotal(line) || TakeGate(line) || TakeIssue(line)) return;
        else if (IsInsideIssue(line) || IsContinuation(line)) TakeDescription(line);
        else TakeOther(line);
    }

    private void TakeEpic(PlanLine line)
    {
        (_issue, _epic) = (null, Headings.ReadEpic(line, notes));
        if (_epic is null) notes.NotUnderstood(line.Number, $"\"{PlanText.Excerpt(line.Text)}\": an epic is headed \"Epic 1: title\"");
        else if (_plan.Epics.Count < PlanParser.MostEpics) _plan.Epics.Add(_epic);
        else
        {
            notes.Error(line.Number, $"the plan has more than {PlanParser.MostEpics:N0} epics; split it");
            _epic = null;
        }
    }

    private void TakeHeading(PlanLine line)
    {
        var lead = IssueLead.Read(line.Text);
        if (lead.Number is not null && _epic is not null && line.Heading > _epic.Level)
        {
            AddIssue(line, lead, isHeading: true);
            return;
        }
        _issue = null;
        var first = _plan.Title is null && _plan.Epics.TrueForAll(epic => epic.Implicit);
        if (first || (line.Heading == 1 && _epic is null or { Implicit: true } && _plan.Heading == new PlanTotals()))
        {
            var (title, stated) = Headings.ReadFigures(line.Text, null, line.Number, notes);
            _plan.Title ??= title.Length == 0 ? null : title;
            if (stated != new PlanTotals()) SetHeading(stated, line);
            if (first) return;
        }
        if (PlanTotalsLine.LooksLikeOne(line.Text) && TakeTotal(line)) return;
        if (_epic is { Implicit: false } && line.Heading <= _epic.Level) _epic = null;
        if (lead.Number is not null) notes.NotUnderstood(line.Number, $"\"{PlanText.Excerpt(line.Text)}\" is headed like an issue and stands in no epic");
    }

    private bool TakeTotal(PlanLine line)
    {
        var named = PlanTotalsLine.LooksLikeOne(line.Text);
        if (IsInsideIssue(line) && !_issue!.IsHeading) return false;
        if (!named && (_issue is not null || _plan.Epics.Exists(epic => !epic.Implicit))) return false;
        var total = PlanTotalsLine.Read(line.Text);
        if (!named && (total is null || (total.Issues is null && total.Epics is null))) return false;
        if (total is null) notes.NotUnderstood(line.Number, $"the total \"{PlanText.Excerpt(line.Text)}\"");
        else if (_epic is null or { Implicit: true } || total.Epics is not null) SetHeading(total, line);
        else if (PlanTotalsLine.IsOfEpic(line.Text)) AddToEpic(total, line);
        else notes.NotUnderstood(line.Number, $"the total \"{PlanText.Excerpt(line.Text)}\" may be of the plan or of Epic {_epic.Number}; write \"Subtotal\" or name the epics");
        return true;
    }

    private void SetHeading(PlanTotals total, PlanLine line)
    {
        var old = _plan.Heading;
        if ((old.Issues ?? total.Issues) != (total.Issues ?? old.Issues) || (old.Hours ?? total.Hours) != (total.Hours ?? old.Hours)
            || (old.Epics ?? total.Epics) != (total.Epics ?? old.Epics))
        {
            notes.Mismatch(line.Number, $"the total here differs from the one in line {_plan.HeadingLine}, which was kept");
        }
        _plan.Heading = new PlanTotals { Epics = old.Epics ?? total.Epics, Issues = old.Issues ?? total.Issues, Hours = old.Hours ?? total.Hours };
        _plan.HeadingLine ??= line.Number;
    }

    private void AddToEpic(PlanTotals total, PlanLine line)
    {
        var old = _epic!.Stated;
        if ((old.Issues ?? total.Issues) != (total.Issues ?? old.Issues) || (old.Hours ?? total.Hours) != (total.Hours ?? old.Hours))
        {
            notes.Mismatch(line.Number, $"the total here differs from the heading of Epic {_epic.Number}, which was kept");
        }
        _epic.Stated = new PlanTotals { Issues = old.Issues ?? total.Issues, Hours = old.Hours ?? total.Hours };
    }

    private bool TakeGate(PlanLine line)
    {
        var gate = GateLine.Read(line.Text);
        if (gate is null && !GateLine.LooksLikeOne(line.Text)) return false;
        if (gate is null && (IssueLead.Read(line.Text).Number is not null || (IsInsideIssue(line) && Annotations.Read(line.Text) is not null))) return false;
        if (gate is null) notes.NotUnderstood(line.Number, $"the gate \"{PlanText.Excerpt(line.Text)}\"; write \"Blocked until Epic 1 reaches 50%\"");
        else if (IsInsideIssue(line)) notes.NotUnderstood(line.Number, $"a gate inside {_issue!.Number}; only epics have gates, issues have \"after 1.3\"");
        else if (_epic is null or { Implicit: true }) notes.NotUnderstood(line.Number, "a gate outside an epic");
        else if (_epic.Gate is not null) notes.NotUnderstood(line.Number, $"a second gate of Epic {_epic.Number}; the one in line {_epic.GateLine} was kept");
        else (_epic.Gate, _epic.GateLine) = (gate, line.Number);
        return true;
    }

    private bool TakeIssue(PlanLine line)
    {
        var lead = IssueLead.Read(line.Text);
        if (lead.Number is null) return false;
        if (IsInsideIssue(line) && !IsIssueOfItsOwn(line, lead)) return false;
        if (!line.Bullet && lead.Marks.Count == 0 && !SaysHours(lead))
        {
            if (IsInsideIssue(line) || IsContinuation(line)) return false;
            notes.NotUnderstood(line.Number, $"\"{PlanText.Excerpt(line.Text)}\" begins like an issue, and is neither in a list nor has hours");
            return true;
        }
        AddIssue(line, lead, isHeading: false);
        return true;
    }

    /// <summary>An indented line is an issue when it has a box or hours; a number alone may be anything, so that is said.</summary>
    private bool IsIssueOfItsOwn(PlanLine line, IssueLead lead)
    {
        if (_issue!.IsHeading && line.Indent == 0 && line.Bullet) return true;
        if (lead.Marks.Count > 0 || SaysHours(lead)) return true;
        if (line.Bullet) notes.NotUnderstood(line.Number, $"\"{PlanText.Excerpt(line.Text)}\" may be an issue or part of {_issue.Number}; it was taken as part of it");
        return false;
    }

    private static bool SaysHours(IssueLead lead) =>
        Pieces.Cut(lead.Rest).Exists(piece => piece.Kind is PieceKind.Round or PieceKind.Square
            && Pieces.Cut(piece.Inside).Exists(part => part.Kind == PieceKind.Text && Hours.TryRead(part.Raw, out _)));

    private void AddIssue(PlanLine line, IssueLead lead, bool isHeading)
    {
        var issue = new IssueDraft(lead.Number!, line.Number, notes) { Indent = line.Indent, IsHeading = isHeading };
        lead.ApplyTo(issue);
        IssueText.Read(lead.Rest, issue, notes);
        Add(issue, line);
    }

    private void Add(IssueDraft issue, PlanLine line)
    {
        _issue = null;
        if (issue.Title.Length == 0) notes.NotUnderstood(line.Number, $"{issue.Number} has no title");
        else if (_epic is null) notes.NotUnderstood(line.Number, $"{issue.Number} \"{PlanText.Excerpt(issue.Title)}\" stands in no epic");
        else if (++_issues > PlanParser.MostIssues)
        {
            if (_issues == PlanParser.MostIssues + 1) notes.Error(line.Number, $"the plan has more than {PlanParser.MostIssues:N0} issues; split it");
        }
        else
        {
            if (issue.Title.Length > PlanParser.LongestTitle)
            {
                notes.Error(line.Number, $"the title of {issue.Number} has {issue.Title.Length:N0} characters; {PlanParser.LongestTitle} are allowed, the rest belongs in the lines under it");
            }
            _issue = issue;
            _epic.Issues.Add(issue);
        }
    }

    private bool TakeTable(PlanLine line, PlanLine next)
    {
        if (_inTable && (PlanTable.IsRow(line.Text) || (line.Text.Contains('|', StringComparison.Ordinal) && !line.AfterBlank)))
        {
            if (!PlanTable.IsDelimiter(line.Text)) TakeRow(line);
            return true;
        }
        _inTable = line.Heading == 0 && next.Kind == LineKind.Text && next.Number == line.Number + 1
            && line.Text.Contains('|', StringComparison.Ordinal) && PlanTable.IsDelimiter(next.Text);
        if (!_inTable)
        {
            if (!PlanTable.IsRow(line.Text)) return false;
            if (_epic is { Implicit: false }) notes.NotUnderstood(line.Number, $"\"{PlanText.Excerpt(line.Text)}\": a table needs a heading row and a row of dashes");
            return true;
        }
        _issue = null;
        _table = _epic is null ? null : PlanTable.ReadHeader(line, notes);
        if (_table is null && _epic is { Implicit: false }) notes.NotUnderstood(line.Number, $"a table without a column for titles: \"{PlanText.Excerpt(line.Text)}\"");
        return true;
    }

    private void TakeRow(PlanLine line)
    {
        if (_table is null)
        {
            var lead = PlanTable.Cells(line.Text).Find(cell => IssueLead.Read(cell).Number is not null);
            if (_epic is { Implicit: false } || lead is not null) notes.NotUnderstood(line.Number, $"the row \"{PlanText.Excerpt(line.Text)}\"{(_epic is null ? " stands in no epic" : "")}");
            return;
        }
        var issue = _table.ReadRow(line, notes, out var total, out var refusal);
        if (refusal is not null) notes.NotUnderstood(line.Number, $"\"{PlanText.Excerpt(line.Text)}\": {refusal}");
        if (total is not null && _epic is { Implicit: true }) SetHeading(total, line);
        else if (total is not null) AddToEpic(total, line);
        if (issue is null) return;
        Add(issue, line);
        _issue = null;
    }

    private void TakeDescription(PlanLine line)
    {
        if (!IssueText.TryApplyLine(line, _issue!)) _issue!.Describe(line.Text, line.Number);
    }

    /// <summary>What is left is prose, unless it is written as issues are.</summary>
    private void TakeOther(PlanLine line)
    {
        if (_issue is { IsHeading: false }) _issue = null;
        var scan = new Scanner(line.Text);
        var box = scan.Current == '[' && Marks.TakeFrom(ref scan) != Mark.None;
        var hours = line.Bullet && SaysHours(IssueLead.Read(line.Text));
        if (box || hours) notes.NotUnderstood(line.Number, $"\"{PlanText.Excerpt(line.Text)}\" has no issue number such as 1.3");
        else if (line.Bullet && _epic is { Implicit: false } && line.Text.Length > 0) notes.NotUnderstood(line.Number, $"\"{PlanText.Excerpt(line.Text)}\" is no issue: it has no number such as 1.3");
        else if (Headings.LooksLikeEpic(line.Text) && Headings.ReadEpic(line, new PlanNotes()) is not null && line.Text.Contains(':', StringComparison.Ordinal)) notes.NotUnderstood(line.Number, $"\"{PlanText.Excerpt(line.Text)}\" reads like an epic's heading; mark it with ##");
    }

    private bool IsInsideIssue(PlanLine line) => _issue is not null && (_issue.IsHeading || line.Indent > _issue.Indent);

    private bool IsContinuation(PlanLine line) => _issue is not null && !line.AfterBlank && !line.Bullet;

    private static bool IsEpicHeading(PlanLine line) => line.Heading > 0 && Headings.LooksLikeEpic(line.Text);

    private static bool IsRule(PlanLine line) =>
        line.Heading == 0 && (line.Text.Length == 0 || line.Text.AsSpan().TrimStart("-=*_ ").IsEmpty);
}
