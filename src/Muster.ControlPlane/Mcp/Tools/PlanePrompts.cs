using System.ComponentModel;
using ModelContextProtocol.Server;

namespace Muster.ControlPlane.Mcp.Tools;

/// <summary>Beginnings of a conversation that a person picks in their editor or chat.</summary>
public static class PlanePrompts
{
    [McpServerPrompt(Name = "what_needs_me", Title = "What needs me?")]
    [Description("What waits for a decision of yours, in a few lines.")]
    public static string NeedsMe([Description("Only of this project")] string? project = null) =>
        $"Use Muster's tool 'attention'{Of(project)}. Tell me in at most ten lines what needs a decision of mine, the most urgent first: for each the key, what it is about, "
        + "why it waits for me, and what you propose. Decide nothing yourself. If nothing waits, say so in one line.";

    [McpServerPrompt(Name = "plan_a_change", Title = "Plan a change")]
    [Description("Turn a wish into a plan that Muster can import.")]
    public static string PlanChange([Description("Key of the project")] string project, [Description("What you want")] string wish) =>
        $"""
        Plan this change for the project {project}:

        {wish}

        Look at the project with Muster's tools first (list_projects, list_tasks, fleet_status), so that nothing is planned twice. Then write the plan as Markdown:
        a heading `# Title (N epics, M issues, H hours)`, for each epic `## Epic N: Title (H hours)`, and for each issue a line `- 1.1 Title (3h) [role: backend-engineer] after 1.2`.
        An issue is what one agent does in at most a day, and says what proves that it is done. Check it with 'preview_plan' until it has no mismatch, show it to me, and import it with
        'import_plan' only after I agreed.
        """;

    [McpServerPrompt(Name = "report", Title = "Report")]
    [Description("What is done, what needs you, what comes next.")]
    public static string Report([Description("Only of this project")] string? project = null) =>
        $"Use Muster's tools 'fleet_status' and 'attention'{Of(project)}. Report no more than a phone's screen: what is done, what needs me, what comes next, and what it cost ('cost').";

    [McpServerPrompt(Name = "why_stuck", Title = "Why does it not move?")]
    [Description("Find out why a task does not move, and what would help.")]
    public static string WhyStuck([Description("Key of the task")] string task) =>
        $"Find out why {task} does not move: 'explain_task', then 'show_task', and the end of 'read_log' if an attempt failed. Tell me the cause in two sentences and propose one next step. Change nothing.";

    private static string Of(string? project) => project is null ? "" : $" for the project {project}";
}
