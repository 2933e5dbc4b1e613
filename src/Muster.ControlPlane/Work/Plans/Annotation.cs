namespace Muster.ControlPlane.Work.Plans;

/// <summary>Something said about an issue beside its title.</summary>
internal abstract record Annotation
{
    public sealed record Estimate(double Hours) : Annotation;

    public sealed record Percent(int Value) : Annotation;

    public sealed record State(Mark Mark) : Annotation;

    public sealed record Priority(int Value) : Annotation;

    public sealed record Role(string Name) : Annotation;

    public sealed record Labels(IReadOnlyList<string> Names) : Annotation;

    public sealed record Assignee(string Name) : Annotation;

    public sealed record After(IReadOnlyList<string> Issues) : Annotation;

    public sealed record Approval : Annotation;
}

/// <summary>Reads one piece of text, between commas or in brackets, as an annotation or not at all.</summary>
internal static class Annotations
{
    private static readonly string[] DependsOn =
        ["depends on", "depends upon", "dependencies", "dependency", "depends", "blocked by", "blocked until", "waits for", "requires", "needs", "after"];
    private static readonly string[] Approvals =
        ["approval", "needs approval", "needs-approval", "requires approval", "approval required", "approval needed", "approval: yes", "needs approval: yes"];

    private const int LongestApproval = 24;

    /// <param name="piece">The text.</param>
    /// <param name="before">What the piece before it was: a list goes on over commas.</param>
    public static Annotation? Read(string piece, Annotation? before = null)
    {
        var text = piece.Trim().TrimEnd('.');
        if (text.Length == 0 || text.Length > 20_000) return null;
        if (text.Length <= LongestApproval && Array.Exists(Approvals, phrase => text.Equals(phrase, StringComparison.OrdinalIgnoreCase))) return new Annotation.Approval();
        if (Marks.Read(text) is var mark and not Mark.None) return new Annotation.State(mark);
        if (Hours.TryRead(text, out var hours)) return new Annotation.Estimate(hours);
        return ReadPercent(text) ?? ReadPriority(text) ?? ReadNamed(text) ?? ReadSign(text) ?? ReadAfter(text) ?? ReadMore(text, before);
    }

    /// <summary>Whether the text begins as a dependency does and goes on with a number that could be an issue's.</summary>
    public static bool LooksLikeDependency(string piece)
    {
        var scan = new Scanner(piece.AsSpan().Trim());
        if (!scan.TakeAny(DependsOn)) return false;
        if (scan.Take(':')) scan.SkipSpaces();
        scan.TakeAny("issues", "issue", "tasks", "task", "items", "item", "epics", "epic");
        scan.Take('#');
        return char.IsAsciiDigit(scan.Current);
    }

    public static Annotation.After? ReadAfter(ReadOnlySpan<char> text)
    {
        var scan = new Scanner(text);
        if (!scan.TakeAny(DependsOn)) return null;
        if (scan.Take(':')) scan.SkipSpaces();
        return References.ReadIssues(scan.Rest) is { } issues ? new Annotation.After(issues) : null;
    }

    /// <summary>A label or role: one word that begins with a letter.</summary>
    public static bool IsWord(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > 64 || !char.IsLetter(text[0])) return false;
        foreach (var c in text)
        {
            if (!char.IsLetterOrDigit(c) && c is not ('-' or '_' or '.' or '/' or '+' or ':' or '#')) return false;
        }
        return true;
    }

    public static bool IsName(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > 64 || !char.IsLetterOrDigit(text[0]) || text[^1] is '.' or '-') return false;
        foreach (var c in text)
        {
            if (!char.IsLetterOrDigit(c) && c is not ('-' or '_' or '.')) return false;
        }
        return true;
    }

    private static Annotation? ReadMore(string text, Annotation? before) => before switch
    {
        Annotation.After when References.ReadIssues(WithoutAnd(text)) is { } issues => new Annotation.After(issues),
        Annotation.Labels when IsWord(text) => new Annotation.Labels([text]),
        _ => null,
    };

    private static ReadOnlySpan<char> WithoutAnd(string text)
    {
        var scan = new Scanner(text);
        scan.TakeAny("and", "&");
        return scan.Rest;
    }

    private static Annotation.Percent? ReadPercent(string text)
    {
        var scan = new Scanner(text);
        scan.TakeAny("progress", "complete");
        if (scan.Take(':')) scan.SkipSpaces();
        if (!scan.TakeInteger(out var percent) || percent > 100) return null;
        scan.SkipSpaces();
        if (!scan.Take('%')) return null;
        scan.SkipSpaces();
        scan.TakeAny("complete", "completed", "done", "finished", "ready");
        return scan.AtEnd ? new Annotation.Percent(percent) : null;
    }

    private static Annotation.Priority? ReadPriority(string text)
    {
        var scan = new Scanner(text);
        if (!scan.TakeAny("priority", "prio"))
        {
            if (!scan.Take('P') && !scan.Take('p')) return null;
        }
        else if (scan.Take(':') || scan.Take('='))
        {
            scan.SkipSpaces();
        }
        if (!scan.Take('P')) scan.Take('p');
        return scan.TakeInteger(out var priority) && scan.AtEnd && priority is >= 1 and <= 5 ? new Annotation.Priority(priority) : null;
    }

    private static Annotation? ReadNamed(string text)
    {
        var colon = text.AsSpan(0, Math.Min(text.Length, 20)).IndexOfAny(':', '=');
        if (colon < 0) return text.StartsWith("assigned to @", StringComparison.OrdinalIgnoreCase) ? ReadSign(text[12..]) : null;
        var value = text[(colon + 1)..].Trim();
        switch (text[..colon].Trim().ToUpperInvariant())
        {
            case "ROLE":
                return IsWord(value) ? new Annotation.Role(value) : null;
            case "LABEL" or "LABELS" or "TAG" or "TAGS":
                var names = value.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries).Select(name => name.TrimStart('#')).ToList();
                return names.Count > 0 && names.TrueForAll(name => IsWord(name)) ? new Annotation.Labels(names) : null;
            case "OWNER" or "ASSIGNEE" or "WHO" or "ASSIGNED TO":
                return IsName(value.TrimStart('@')) ? new Annotation.Assignee(value.TrimStart('@')) : null;
            case "HOURS":
                return Hours.TryRead(value, out var hours) || Hours.TryReadBare(value, 1, out hours) ? new Annotation.Estimate(hours) : null;
            case "STATUS" or "STATE":
                return Marks.Read(value) is var mark and not Mark.None ? new Annotation.State(mark) : null;
            default:
                return null;
        }
    }

    private static Annotation? ReadSign(string text) => text[0] switch
    {
        '@' when IsName(text.AsSpan(1)) => new Annotation.Assignee(text[1..]),
        '#' when IsWord(text.AsSpan(1)) => new Annotation.Labels([text[1..]]),
        _ => null,
    };
}
