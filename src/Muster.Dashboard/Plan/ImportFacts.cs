using System.Security.Cryptography;
using System.Text;
using Muster.Client;
using Muster.Contracts.Work;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Plan;

/// <summary>A plan that is about to become part of a project: its text, and what the plane reads in it.</summary>
public sealed record ImportFacts
{
    public const string Field = "markdown";

    public required ProjectInfo Project { get; init; }

    /// <summary>Null while none was given.</summary>
    public string? Markdown { get; init; }
    public PlanReport? Report { get; init; }

    public int Issues => Report?.Epics.Sum(e => e.Issues.Count) ?? 0;

    public bool MayBeTaken => Report is { Errors.Count: 0 } && Issues > 0;

    /// <summary>Tells the text that was shown from any other.</summary>
    public static string Mark(string markdown) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(markdown.ReplaceLineEndings("\n"))))[..16];

    public static async Task<ImportFacts> ReadAsync(PageContext page)
    {
        var project = await page.Muster.GetProjectAsync(page.Value("project")!);
        var markdown = (page.Failure?.Values ?? page.Typed)?.GetValueOrDefault(Field);
        return new ImportFacts { Project = project, Markdown = markdown, Report = string.IsNullOrWhiteSpace(markdown) ? null : await PreviewAsync(page, project, markdown) };
    }

    private static async Task<PlanReport?> PreviewAsync(PageContext page, ProjectInfo project, string markdown)
    {
        try
        {
            return await page.Muster.PreviewPlanAsync(new PlanRequest { Markdown = markdown, Project = project.Key });
        }
        catch (MusterException refused) when (refused.StatusCode is 400 or 413 or 422 && page.Failure is not null)
        {
            // The form that was refused says why.
            return null;
        }
    }
}
