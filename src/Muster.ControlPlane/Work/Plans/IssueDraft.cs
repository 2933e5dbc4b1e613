using System.Text;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Work.Plans;

/// <summary>An issue while it is being read: what is said twice, and differently, is noted instead of overwritten.</summary>
internal sealed class IssueDraft(string number, int line, PlanNotes notes)
{
    private const int LongestDescription = 50_000;
    private readonly StringBuilder _description = new();
    private readonly List<string> _after = [];
    private readonly HashSet<string> _known = [];
    private readonly List<string> _labels = [];
    private double? _hours;
    private int? _percent;
    private int? _priority;
    private string? _role;
    private string? _assignee;
    private Mark _mark;
    private bool _approval;
    private bool _tooLong;

    public string Number => number;
    public int Line => line;

    /// <summary>Where its text begins; what stands further right belongs to it.</summary>
    public int Indent { get; init; }

    /// <summary>Whether it is a heading of its own, so that the paragraphs under it are its description.</summary>
    public bool IsHeading { get; init; }
    public string Title { get; set; } = "";
    public bool HasHours => _hours is not null;
    public bool HasMark => _mark != Mark.None;

    public void Apply(Annotation annotation, int? at = null)
    {
        switch (annotation)
        {
            case Annotation.Estimate said: _hours = Once(_hours, said.Hours, "hours", at); break;
            case Annotation.Percent said: _percent = Once(_percent, said.Value, "percentages", at); break;
            case Annotation.Priority said: _priority = Once(_priority, said.Value, "priorities", at); break;
            case Annotation.Role said: _role = Once(_role, said.Name, "roles", at); break;
            case Annotation.Assignee said: _assignee = Once(_assignee, said.Name, "assignees", at); break;
            case Annotation.Approval: _approval = true; break;
            case Annotation.Labels said: _labels.AddRange(said.Names.Where(name => _known.Add("#" + name))); break;
            case Annotation.After said: _after.AddRange(said.Issues.Where(issue => _known.Add(issue) && notes.MayDepend(at ?? line))); break;
            case Annotation.State said: Set(said.Mark, at); break;
        }
    }

    public void Set(Mark mark, int? at = null)
    {
        if (mark == Mark.Unknown) notes.NotUnderstood(at ?? line, $"{number}: the mark in its box; [ ], [x] and [~] are known");
        else if (_mark == Mark.None) _mark = mark;
        else Join(mark, at ?? line);
    }

    public void Describe(string text, int at)
    {
        if (_description.Length + text.Length > LongestDescription)
        {
            if (!_tooLong) notes.Error(at, $"the description of {number} is over {LongestDescription:N0} characters; shorten it");
            _tooLong = true;
            return;
        }
        if (_description.Length > 0) _description.Append('\n');
        _description.Append(text);
    }

    public PlanIssue Build()
    {
        var done = _mark == Mark.Done;
        if (done && _percent is not (null or 100)) notes.Mismatch(line, $"{number} is marked done and says {_percent}%");
        if (!done && _percent == 100) notes.Mismatch(line, $"{number} says 100% and is not marked done");
        return new PlanIssue
        {
            Number = number,
            Title = Title,
            Line = line,
            Description = _description.Length == 0 ? null : _description.ToString(),
            Hours = _hours,
            PercentComplete = _percent ?? (done ? 100 : 0),
            Done = done,
            InProgress = _mark == Mark.InProgress ? true : null,
            Assignee = _assignee,
            After = _after,
            Labels = _labels.Count == 0 ? null : _labels,
            Priority = _priority,
            Role = _role,
            NeedsApproval = _approval ? true : null,
        };
    }

    private void Join(Mark mark, int at)
    {
        if (mark == _mark) return;

        // An open box beside "in progress" is no contradiction: a box knows only two states.
        var done = mark == Mark.Done || _mark == Mark.Done;
        if (done) notes.Mismatch(at, $"{number} is marked done in one place and {(mark == Mark.Open || _mark == Mark.Open ? "open" : "in progress")} in another");
        _mark = done ? Mark.Done : Mark.InProgress;
    }

    private T Once<T>(T? before, T now, string what, int? at)
        where T : struct
    {
        if (before is { } old && !old.Equals(now)) notes.NotUnderstood(at ?? line, $"{number} says two {what}, {old} and {now}; the first was kept");
        return before ?? now;
    }

    private string Once(string? before, string now, string what, int? at)
    {
        if (before is not null && before != now) notes.NotUnderstood(at ?? line, $"{number} says two {what}, {before} and {now}; the first was kept");
        return before ?? now;
    }
}
