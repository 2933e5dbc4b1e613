using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work.Plans;

/// <summary>Makes epics and tasks of a plan, all or nothing. Issues already there by number are left as they are (C4).</summary>
public static class ImportPlan
{
    public static PlanImported Run(StoreTransaction tx, ProjectRow project, PlanReport report, RoleCatalog roles)
    {
        if (report.Errors.Count > 0) throw Unusable(report);
        var before = tx.Query<(string Number, string Id)>("SELECT issue_number, id FROM tasks WHERE project_id = @Id AND issue_number IS NOT NULL", new { project.Id })
            .ToDictionary(t => t.Number, t => t.Id, StringComparer.Ordinal);
        var epics = tx.Query<int>("SELECT number FROM epics WHERE project_id = @Id", new { project.Id }).ToHashSet();
        var epicsCreated = 0;
        foreach (var epic in report.Epics.Where(e => !epics.Contains(e.Number)))
        {
            EpicsApi.Add(tx, project, epic.Number, epic.Title, epic.Gate);
            epicsCreated++;
        }

        var ids = new Dictionary<string, string>(before, StringComparer.Ordinal);
        var created = 0;
        foreach (var (epic, issue) in InOrder(report).Where(i => !before.ContainsKey(i.Issue.Number)))
        {
            var body = ToTask(project, epic, issue, ids, roles);
            var row = AddTask.Run(tx, body, roles.Find(body.Role), issue.Done);
            if (!issue.Done && issue.PercentComplete > 0)
                tx.ExecuteOne("UPDATE tasks SET percent_complete = @PercentComplete WHERE id = @Id", new { issue.PercentComplete, row.Id });
            ids[issue.Number] = row.Id;
            created++;
        }

        EpicCounters.TestGates(tx, project.Id);
        tx.Emit(EventTypes.PlanImported, $"A plan was imported into {project.Key}: {epicsCreated} epics, {created} tasks", project.Id, data: new { epics = epicsCreated, tasks = created });
        return new PlanImported { Report = report, EpicsCreated = epicsCreated, TasksCreated = created, TasksKept = report.Epics.Sum(e => e.Issues.Count) - created };
    }

    private static CreateTask ToTask(ProjectRow project, PlanEpic epic, PlanIssue issue, Dictionary<string, string> ids, RoleCatalog roles)
    {
        roles.Require(issue.Role);
        var description = issue.Assignee is null ? issue.Description : $"{issue.Description}\n\nIn the plan this is {issue.Assignee}'s.".Trim();
        var task = new CreateTask
        {
            Project = project.Id,
            Epic = epic.Number,
            IssueNumber = issue.Number,
            Title = issue.Title,
            Description = description,
            EstimateHours = issue.Hours,
            Labels = issue.Labels,
            Priority = issue.Priority,
            Role = issue.Role ?? roles.ByLabels(issue.Labels ?? []),
            NeedsApproval = issue.NeedsApproval,
            DependsOn = [.. issue.After.Select(number => ids[number])],
        };
        AddTask.Check(task);
        return task;
    }

    /// <summary>Dependencies before what waits for them; the plan's own order otherwise.</summary>
    private static IEnumerable<(PlanEpic Epic, PlanIssue Issue)> InOrder(PlanReport report)
    {
        var all = report.Epics.SelectMany(e => e.Issues.Select(i => (Epic: e, Issue: i))).ToDictionary(i => i.Issue.Number, StringComparer.Ordinal);
        var placed = new HashSet<string>(StringComparer.Ordinal);
        var order = new List<(PlanEpic, PlanIssue)>();
        foreach (var first in all.Values)
        {
            // Depth first with a stack of our own: a plan may be a chain of thousands.
            var open = new Stack<(PlanEpic Epic, PlanIssue Issue)>([first]);
            while (open.TryPeek(out var next))
            {
                var missing = next.Issue.After.Where(n => !placed.Contains(n) && all.ContainsKey(n)).ToList();
                if (placed.Contains(next.Issue.Number) || missing.Count == 0)
                {
                    open.Pop();
                    if (placed.Add(next.Issue.Number)) order.Add(next);
                }
                else foreach (var number in missing) open.Push(all[number]);
            }
        }

        return order;
    }

    private static Refusal Unusable(PlanReport report) =>
        new(400, ProblemCodes.Invalid, "The plan cannot be imported: " + string.Join(' ', report.Errors.Take(10).Select(e => e.Line is { } line ? $"Line {line}: {e.Text}" : e.Text)))
        {
            Errors = new Dictionary<string, string[]>(StringComparer.Ordinal) { ["markdown"] = [.. report.Errors.Select(e => e.Line is { } line ? $"line {line}: {e.Text}" : e.Text)] },
        };
}
