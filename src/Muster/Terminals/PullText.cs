using Muster.Contracts.Delivery;
using Muster.Contracts.Work;

namespace Muster.Terminals;

/// <summary>A pull request in words: what a person needs to decide, the risk first.</summary>
internal static class PullText
{
    public static string Name(PullInfo pull) => $"{pull.Project}!{pull.Number}";

    public static string Checks(PullInfo pull) => pull.Checks.Count == 0
        ? "none"
        : string.Join(", ", pull.Checks.Select(check => $"{check.Name} {check.State}").Distinct(StringComparer.Ordinal));

    public static void WriteBrief(Terminal terminal, PullInfo pull, TaskInfo task)
    {
        terminal.Line($"{Name(pull)}  {Plain.Line(pull.Title)}", Tone.Strong);
        if (pull.ApprovalReason is { } why) terminal.Line($"asked of you  {Plain.Line(why)}", Tone.Warn);
        terminal.Line($"task          {task.Key} {Plain.Line(task.Title)}");
        terminal.Line($"by            {Plain.Line(pull.Author)}{(pull.Rehearsal ? " (rehearsal: replayed from a recording, no model was used)" : "")}");
        terminal.Line($"change        {Words.Count(pull.FilesChanged ?? 0, "file")}, +{pull.Additions ?? 0} -{pull.Deletions ?? 0}, {Plain.Line(pull.Branch)} at {Words.Sha(pull.HeadSha)} into {Plain.Line(pull.Base)}");
        terminal.Line($"checks        {Checks(pull)}");
        terminal.Line($"state         {pull.State}{(pull.Approved ? ", approved" : "")}");
        if (task.Description is { Length: > 0 } description) terminal.Line($"wanted        {Plain.Fit(description, terminal.Width - 14)}");
        if (pull.Body is { Length: > 0 } body) terminal.Line($"the agent     {Plain.Fit(body, terminal.Width - 14)}");
        foreach (var review in pull.Reviews)
        {
            terminal.Line($"review        {Plain.Line(review.Reviewer)}: {review.Verdict} at {Words.Sha(review.HeadSha)} {Body(review)}");
            foreach (var comment in review.Comments) terminal.Line($"              {Plain.Line(comment.Path)}{(comment.Line is { } line ? $":{line}" : "")} {Plain.Line(comment.Text)}");
        }
    }

    // A table keeps its lines.
    private static string Body(ReviewInfo review) => review.Body?.Contains("\n| ", StringComparison.Ordinal) == true ? "\n" + Plain.Lines(review.Body.Trim()) : Plain.Line(review.Body);

    public static void WriteDiff(Terminal terminal, DiffText diff)
    {
        foreach (var line in diff.Diff.TrimEnd('\n').Split('\n'))
            terminal.Line(Plain.Lines(line), ToneOf(line));
        if (diff.Truncated) terminal.Note("The rest of the diff is left out.");
    }

    private static Tone ToneOf(string line) => line switch
    {
        ['+', '+', '+', ..] or ['-', '-', '-', ..] or ['d', 'i', 'f', 'f', ' ', ..] => Tone.Strong,
        ['+', ..] => Tone.Good,
        ['-', ..] => Tone.Bad,
        ['@', '@', ..] => Tone.Busy,
        _ => Tone.None,
    };
}
