using System.Text;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Work.Plans;

/// <summary>
/// Reads a plan written as Markdown: pure, never throws on any text, and takes time in proportion to its length. A line that
/// was meant as part of the plan is either in the report or named in it as not understood.
/// </summary>
public static class PlanParser
{
    /// <summary>In bytes of UTF-8.</summary>
    public const int LargestPlan = 1024 * 1024;
    public const int MostIssues = 10_000;
    public const int MostEpics = 1_000;
    public const int LongestTitle = 500;

    public static PlanReport Parse(string markdown)
    {
        ArgumentNullException.ThrowIfNull(markdown);
        var notes = new PlanNotes();
        if (markdown.Length > LargestPlan || Encoding.UTF8.GetByteCount(markdown) > LargestPlan)
        {
            notes.Error(null, $"the plan is larger than {LargestPlan:N0} bytes; split it and import the parts one after the other");
            return PlanChecks.Report(new PlanDraft(), notes);
        }
        var draft = new PlanReader(PlanLines.Read(markdown, notes), notes).Read();
        return PlanChecks.Report(draft, notes);
    }
}

/// <summary>The plan as read, before anybody has asked whether it agrees with itself.</summary>
internal sealed class PlanDraft
{
    public string? Title { get; set; }
    public PlanTotals Heading { get; set; } = new();
    public int? HeadingLine { get; set; }
    public List<EpicDraft> Epics { get; } = [];
}
