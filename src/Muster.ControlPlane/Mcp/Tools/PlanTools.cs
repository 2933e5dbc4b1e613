using System.ComponentModel;
using ModelContextProtocol.Server;
using Muster.Contracts;
using Muster.Contracts.Work;
using Request = ModelContextProtocol.Server.RequestContext<ModelContextProtocol.Protocol.CallToolRequestParams>;

namespace Muster.ControlPlane.Mcp.Tools;

/// <summary>Tools about projects and their plans.</summary>
public static class PlanTools
{
    [McpServerTool(Name = "list_projects", Title = "List projects", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("The projects: key, name, repository, branch and rules.")]
    public static async Task<ProjectList> ListAsync(Request request, [Description("'next' of the page before")] string? cursor = null, CancellationToken ct = default)
    {
        var page = await request.Plane().GetAsync<Page<ProjectInfo>>(Routes.Projects.With(("cursor", cursor), ("limit", 100)), ct);
        return new ProjectList([.. page.Items.Select(project => new ProjectLine(project.Key, project.Name, project.Repository, project.TargetBranch, project.Review, project.Paused))], page.Next);
    }

    [McpServerTool(Name = "preview_plan", Title = "Preview a plan", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Reads a plan in Markdown and says what is in it and where it contradicts itself. Changes nothing.")]
    public static Task<PlanReport> PreviewAsync(Request request, [Description("The plan as Markdown: epics as headings, numbered issues, hours, gates")] string markdown, CancellationToken ct = default) =>
        request.Plane().PostAsync<PlanReport>(Routes.PlanPreview, new PlanRequest { Markdown = markdown }, null, ct);

    [McpServerTool(Name = "import_plan", Title = "Import a plan", Destructive = false, Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Turns a plan in Markdown into epics and tasks of a project. What is there already under the same number stays as it is.")]
    public static async Task<PlanTaken> ImportAsync(
        Request request,
        [Description("Key or name of the project it becomes part of")] string project,
        [Description("The plan as Markdown: epics as headings, numbered issues, hours, gates")] string markdown,
        CancellationToken ct = default)
    {
        var taken = await request.Plane().PostAsync<PlanImported>(Routes.PlanImport, new PlanRequest { Markdown = markdown, Project = project }, null, ct);
        return new PlanTaken(taken.EpicsCreated, taken.TasksCreated, taken.TasksKept, [.. taken.Report.Mismatches.Select(f => f.Text)], [.. taken.Report.NotUnderstood.Select(f => f.Text)]);
    }
}

public sealed record ProjectLine(string Key, string Name, string? Repository, string TargetBranch, string Review, bool Paused);

public sealed record ProjectList(IReadOnlyList<ProjectLine> Projects, string? Next);

public sealed record PlanTaken(int EpicsCreated, int TasksCreated, int TasksKept, IReadOnlyList<string> Mismatches, IReadOnlyList<string> NotUnderstood);
