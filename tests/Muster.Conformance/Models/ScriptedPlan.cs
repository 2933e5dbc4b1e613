using System.Text.Json;

namespace Muster.Conformance.Models;

/// <summary>A plan as a model writes it for the Chief of Staff: every field of its schema, and nothing in those that a test does not care for.</summary>
public static class ScriptedPlan
{
    public static string Of(string project, string say, string goal, IEnumerable<ScriptedTask> tasks) => JsonSerializer.Serialize(new
    {
        say,
        preference = (string?)null,
        plan = new
        {
            goal,
            project = new { key = project, repository = (string?)null, name = (string?)null },
            epics = Array.Empty<object>(),
            risks = Array.Empty<string>(),
            questions = Array.Empty<object>(),
            budgetUsd = (double?)null,
            tasks = tasks.Select((task, i) => new
            {
                number = i + 1,
                title = task.Title,
                description = task.Description,
                epic = (int?)null,
                role = task.Role,
                labels = Array.Empty<string>(),
                priority = 3,
                after = task.After,
                contract = (string?)null,
                hours = 1,
                budgetUsd = (double?)null,
                needsApproval = (bool?)null,
            }),
        },
    });
}

/// <summary>A task of a <see cref="ScriptedPlan"/>.</summary>
/// <param name="Title">What it is called.</param>
/// <param name="Description">What is to be done.</param>
public sealed record ScriptedTask(string Title, string Description)
{
    public string Role { get; init; } = "backend-engineer";

    /// <summary>Numbers of those it waits for, from 1.</summary>
    public IReadOnlyList<int> After { get; init; } = [];
}
