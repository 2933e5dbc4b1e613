using Muster.Contracts.Work;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Plan;

/// <summary>A plan is shown before it is taken, and only what was shown is taken.</summary>
internal static class ImportForms
{
    public const int Most = 1_000_000;

    public static IReadOnlyList<FormRoute> All { get; } = [new("/plan/{project}/import", TakeAsync)];

    private static async Task<string> TakeAsync(FormCall call)
    {
        var markdown = await TextAsync(call);
        if (call.Text("do") != "take" || call.Text("seen") != ImportFacts.Mark(markdown))
        {
            call.Page.Typed = new Dictionary<string, string>(StringComparer.Ordinal) { [ImportFacts.Field] = markdown };
            return "This is what is in it. Nothing is taken yet";
        }

        var project = call.Value("project");
        var imported = await call.Page.Muster.ImportPlanAsync(new PlanRequest { Project = project, Markdown = markdown }, ct: call.Stop);
        call.Page.Next = $"/plan/{Uri.EscapeDataString(project)}";
        return $"{Kit.Words.Count(imported.EpicsCreated, "epic")} and {Kit.Words.Count(imported.TasksCreated, "task")} added to {project}{(imported.TasksKept > 0 ? $"; {imported.TasksKept} were there already and stay as they are" : "")}";
    }

    /// <summary>A chosen file comes before what stands in the field.</summary>
    private static async Task<string> TextAsync(FormCall call)
    {
        if (call.Form.Files.GetFile("file") is { Length: > 0 } file)
        {
            if (file.Length > Most) throw new FormException(ImportFacts.Field, "A plan has at most a million characters.");
            using var reader = new StreamReader(file.OpenReadStream());
            return await reader.ReadToEndAsync(call.Stop);
        }

        return call.Required(ImportFacts.Field, "Choose a file, drop one here, or write the plan.");
    }
}
