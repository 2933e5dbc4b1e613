namespace Muster.ControlPlane.Work.Plans;

/// <summary>
/// Reads what follows an issue's number: the title, and around it hours, marks, names, labels and dependencies. What is none
/// of these is title; what was meant as one of these and cannot be read stays in the title and is noted.
/// </summary>
internal sealed class IssueText(IssueDraft issue, PlanNotes notes)
{
    /// <summary>More names and labels than this behind one another are no names and labels.</summary>
    private const int MostTrailing = 16;

    /// <summary>Each may name a range of issues, so that the work of one line is bounded.</summary>
    private const int MostPieces = 2_000;
    private readonly TitleBuilder _title = new();
    private readonly List<string> _trailing = [];
    private Annotation? _before;
    private bool _titleLast = true;

    public static void Read(string text, IssueDraft issue, PlanNotes notes) => new IssueText(issue, notes).Read(text);

    /// <summary>Applies a line that is annotations and nothing else, such as <c>labels: backend, api</c>.</summary>
    public static bool TryApplyLine(PlanLine line, IssueDraft issue)
    {
        var found = new List<Annotation>();
        foreach (var piece in Pieces.Cut(line.Text))
        {
            if (piece.Kind == PieceKind.Separator) continue;
            var text = piece.Kind == PieceKind.Text ? piece.Raw : piece.Inside;
            if (piece.Kind == PieceKind.Text && text.Trim().Length == 0) continue;
            if (Annotations.Read(text, found.LastOrDefault()) is not { } annotation) return false;
            found.Add(annotation);
        }
        foreach (var annotation in found) issue.Apply(annotation, line.Number);
        return found.Count > 0;
    }

    private void Read(string text)
    {
        var pieces = Pieces.Cut(text);
        if (pieces.Count > MostPieces)
        {
            notes.NotUnderstood(issue.Line, $"{issue.Number}: more than {MostPieces:N0} pieces in one line; all of it was taken as the title");
            issue.Title = text;
            return;
        }
        foreach (var piece in pieces)
        {
            switch (piece.Kind)
            {
                case PieceKind.Text: Run(piece.Raw); break;
                case PieceKind.Separator: Separate(piece.Raw); break;
                default: Bracket(piece); break;
            }
        }
        Commit();
        issue.Title = _title.ToString();
        if (!issue.HasHours && EndsInHours(issue.Title))
        {
            notes.NotUnderstood(issue.Line, $"{issue.Number} ends in what may be its hours; write them in brackets, such as (8h)");
        }
    }

    private void Run(string run)
    {
        var text = run.Trim();
        if (text.Length == 0)
        {
            if (!_title.IsEmpty && _titleLast) _title.Add(run);
            return;
        }
        if (!_title.IsEmpty && !_titleLast && Apply(text)) return;
        var trailing = new List<string>();
        while (trailing.Count < MostTrailing && PeelLast(ref text) is { } peeled) trailing.Insert(0, peeled);
        if (text.Length > 0 && (_titleLast || _title.IsEmpty || !Apply(text)))
        {
            if (!_titleLast && Annotations.LooksLikeDependency(text)) NotRead(text, "a dependency");
            AddTitle((run[0] == ' ' ? " " : "") + text + (trailing.Count > 0 || run[^1] == ' ' ? " " : ""));
        }
        _trailing.AddRange(trailing);
        if (trailing.Count > 0) _titleLast = false;
    }

    /// <summary>Takes a name, label, mark or dependency off the end of a run.</summary>
    private static string? PeelLast(ref string text)
    {
        if (text.Length == 0) return null;
        var space = text.LastIndexOf(' ');
        var last = text[(space + 1)..];
        var cut = last[0] is '@' or '#' && Annotations.Read(last) is not null ? space + 1
            : last is "DONE" or "WIP" || (!char.IsLetter(last[0]) && last[0] != '[' && Marks.Read(last) != Mark.None) ? space + 1
            : DependencyAt(text);
        if (cut < 0) return null;
        var peeled = text[cut..];
        text = text[..cut].TrimEnd();
        return peeled;
    }

    private static int DependencyAt(string text)
    {
        if (!char.IsAsciiDigit(text[^1])) return -1;
        foreach (var verb in (ReadOnlySpan<string>)[" depends on ", " blocked by ", " after "])
        {
            var at = text.LastIndexOf(verb, StringComparison.OrdinalIgnoreCase);
            if (at >= 0 && Annotations.ReadAfter(text.AsSpan(at + 1)) is not null) return at + 1;
        }
        return Annotations.ReadAfter(text) is not null ? 0 : -1;
    }

    private void Separate(string separator)
    {
        Commit();
        _title.Separate(separator);
        _titleLast = false;
    }

    private void Bracket(Piece piece)
    {
        var inside = Pieces.Cut(piece.Inside);
        var read = new List<Annotation>();
        var unread = new List<string>();
        foreach (var part in inside.Where(part => part.Kind != PieceKind.Separator && part.Raw.Trim().Length > 0))
        {
            var before = read.Count == 0 ? _before : read[^1];
            if (part.Kind == PieceKind.Text && Annotations.Read(part.Raw, unread.Count == 0 ? before : null) is { } annotation) read.Add(annotation);
            else unread.Add(part.Raw.Trim());
        }
        if (piece.Kind == PieceKind.Square && unread.Count > 0 && unread.TrueForAll(word => Annotations.IsWord(word)))
        {
            if (read.Count == 0 && !_title.IsEmpty)
            {
                _trailing.Add(piece.Raw);
                _titleLast = false;
                return;
            }
            read.Add(new Annotation.Labels([.. unread]));
            unread.Clear();
        }
        foreach (var annotation in read) issue.Apply(annotation);
        if (read.Count > 0) _titleLast = false;
        if (unread.Count == 0) return;
        if (read.Count > 0) NotRead(string.Join(", ", unread), "an annotation");
        else if (Annotations.LooksLikeDependency(piece.Inside)) NotRead(piece.Raw, "a dependency");
        else if (Hours.IsLikelyIn(piece.Inside)) NotRead(piece.Raw, "an estimate");
        AddTitle(read.Count == 0 ? piece.Raw : $" ({string.Join(", ", unread)})");
    }

    private bool Apply(string text)
    {
        if (Annotations.Read(text, _before) is not { } annotation) return false;
        issue.Apply(annotation);
        _before = annotation;
        return true;
    }

    private void AddTitle(string text)
    {
        // What looked like a name or label at the end was not at the end, so it is part of the title.
        foreach (var raw in _trailing) _title.Add(raw + " ");
        _trailing.Clear();
        _title.Add(text);
        _titleLast = true;
        _before = null;
    }

    private void Commit()
    {
        foreach (var raw in _trailing)
        {
            _before = raw[0] == '[' ? new Annotation.Labels(raw[1..^1].Split(',', StringSplitOptions.TrimEntries)) : Annotations.Read(raw);
            if (_before is not null) issue.Apply(_before);
        }
        _trailing.Clear();
    }

    private void NotRead(string text, string what) =>
        notes.NotUnderstood(issue.Line, $"{issue.Number}: \"{PlanText.Excerpt(text)}\" looks like {what} and cannot be read; it was left in the title");

    private static bool EndsInHours(string title)
    {
        var space = title.LastIndexOf(' ');
        var before = space > 0 ? title.LastIndexOf(' ', space - 1) : -1;
        return Hours.TryRead(title.AsSpan(space + 1), out _) || (before > 0 && Hours.TryRead(title.AsSpan(before + 1), out _));
    }
}
