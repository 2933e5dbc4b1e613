using Muster.ControlPlane.Delivery.Git;

namespace Muster.ControlPlane.Delivery.Queue;

/// <summary>The message of a merge, with the trailers by which it is known whose work it was. Pure.</summary>
internal static class MergeMessage
{
    private const int SubjectLimit = 120;

    public static string Write(string pull, string taskKey, string title, string assignmentId, string agent)
    {
        var subject = $"Merge {pull}: {OneLine(title)}";
        if (subject.Length > SubjectLimit) subject = subject[..(SubjectLimit - 3)] + "...";
        return $"{subject}\n\nMuster-Task: {taskKey}\nMuster-Assignment: {assignmentId}\nMuster-Agent: {OneLine(agent)}\n";
    }

    /// <summary>Of the plane's own merges for an epic; the trailer has the epic's number.</summary>
    public static string ForEpic(string subject, int epic)
    {
        var line = OneLine(subject);
        return $"{(line.Length > SubjectLimit ? line[..(SubjectLimit - 3)] + "..." : line)}\n\nMuster-Epic: {epic}\n";
    }

    public static Signature Plane { get; } = new("Muster", "muster@muster.invalid");

    public static Signature Author(string agent)
    {
        var slug = BranchNames.Slug(agent);
        // git takes angle brackets for the borders of an address.
        var name = OneLine(agent).Replace("<", "", StringComparison.Ordinal).Replace(">", "", StringComparison.Ordinal).Trim(' ', '.', ',', ';', '"', '\'', ':');
        return new Signature(name.Length == 0 ? "agent" : name, $"{(slug.Length == 0 ? "agent" : slug)}@muster.invalid");
    }

    /// <summary>Text from outside must not add lines, and so trailers, of its own.</summary>
    private static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c)).Trim();
}
