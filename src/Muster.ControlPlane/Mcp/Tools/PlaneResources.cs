using System.ComponentModel;
using System.Globalization;
using System.Text;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Progress;
using Muster.Contracts.Work;
using Request = ModelContextProtocol.Server.RequestContext<ModelContextProtocol.Protocol.ReadResourceRequestParams>;

namespace Muster.ControlPlane.Mcp.Tools;

/// <summary>What can be read and attached to a conversation, as text.</summary>
public static class PlaneResources
{
    private const string Markdown = "text/markdown";

    [McpServerResource(UriTemplate = "muster://projects", Name = "projects", Title = "Projects", MimeType = Markdown)]
    [Description("The projects and how far each is.")]
    public static async Task<string> ProjectsAsync(Request request, CancellationToken ct)
    {
        var summary = await request.Plane().GetAsync<ProgressSummary>(Routes.ProgressSummary, ct);
        var text = new StringBuilder("# Projects\n\n");
        foreach (var project in summary.Projects)
            text.Append(CultureInfo.InvariantCulture, $"- **{project.Project}** {Line(project.Name)}: {project.Percent:0.#}% of {project.Hours:0.#} h, {project.Tasks} tasks, {project.Ready} ready\n");
        return text.ToString();
    }

    [McpServerResource(UriTemplate = "muster://projects/{project}/tasks", Name = "tasks", Title = "Tasks of a project", MimeType = Markdown)]
    [Description("The tasks of a project, with what each waits for.")]
    public static async Task<string> TasksAsync(Request request, string project, CancellationToken ct)
    {
        var page = await request.Plane().GetAsync<Page<TaskInfo>>(Routes.Tasks.With(("project", project), ("limit", 500)), ct);
        var text = new StringBuilder($"# Tasks of {Line(project)}\n\n");
        foreach (var task in page.Items)
            text.Append(CultureInfo.InvariantCulture, $"- **{task.Key}** {Line(task.Title)}: {task.Status}{(task.WaitingOn.Count == 0 ? "" : ", waits for " + string.Join(", ", task.WaitingOn.Select(w => w.Detail)))}\n");
        if (page.Next is not null) text.Append("\nThere are more; the tool list_tasks shows them a page at a time.\n");
        return text.ToString();
    }

    [McpServerResource(UriTemplate = "muster://tasks/{key}", Name = "task", Title = "A task", MimeType = Markdown)]
    [Description("One task: its text, its state and why it stands there.")]
    public static async Task<string> TaskAsync(Request request, string key, CancellationToken ct)
    {
        var task = await request.Plane().GetAsync<TaskInfo>(Routes.With(Routes.Task, key), ct);
        var why = await request.Plane().GetAsync<TaskWhy>(Routes.With(Routes.TaskWhy, key), ct);
        return $"# {task.Key}: {Line(task.Title)}\n\n{why.Sentence}\n\n- status: {task.Status}, {task.PercentComplete}%\n- role: {task.Role ?? "any"}\n- contract: {task.Contract}\n\n{task.Description}\n";
    }

    [McpServerResource(UriTemplate = "muster://events", Name = "events", Title = "Newest events", MimeType = "text/plain")]
    [Description("The newest facts that happened.")]
    public static async Task<string> EventsAsync(Request request, CancellationToken ct)
    {
        var page = await request.Plane().GetAsync<Page<EventInfo>>(Routes.Events.With(("last", 200), ("limit", 200)), ct);
        return string.Concat(page.Items.Select(e => $"{e.Seq} {e.At:yyyy-MM-dd HH:mm:ss} {e.Type} {Line(e.Text)}\n"));
    }

    // Somebody else's text: on one line, so that it cannot pass for structure of ours.
    private static string Line(string text) => string.Join(' ', text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries));
}
