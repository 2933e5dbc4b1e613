using System.ComponentModel;
using System.Text.Json.Serialization;
using Muster.Contracts.Conversations;

namespace Muster.ControlPlane.Conversations.Planning;

/// <summary>What a model answers to a wish. Data to be checked, never a command.</summary>
internal sealed record PlanAnswer
{
    [Description("At most three short sentences for the person: what you understood and what the plan does about it, or the answer to a question.")]
    public required string Say { get; init; }

    [Description("The plan; null only when nothing is to be done because the person merely asked something.")]
    public GoalPlan? Plan { get; init; }

    [Description("One line that the person has stated as a lasting preference and that is not among the preferences yet; null for none. Never a secret.")]
    public string? Preference { get; init; }
}

/// <summary>What a model answers when a running goal's plan must change.</summary>
internal sealed record ChangeAnswer
{
    [Description("At most three short sentences for the person: what failed, why, and what you change.")]
    public required string Say { get; init; }

    [Description("What is to change; an empty list when nothing is.")]
    public required IReadOnlyList<PlanStep> Steps { get; init; }

    [Description("One line that the person has stated as a lasting preference; null for none. Never a secret.")]
    public string? Preference { get; init; }
}

[JsonConverter(typeof(JsonStringEnumConverter<StepKind>))]
internal enum StepKind
{
    /// <summary>Tried again with more words.</summary>
    [JsonStringEnumMemberName("retry")]
    Retry,

    /// <summary>Other tasks in its place.</summary>
    [JsonStringEnumMemberName("split")]
    Split,

    /// <summary>Given to another role.</summary>
    [JsonStringEnumMemberName("reassign")]
    Reassign,

    /// <summary>Not done; what waits for it no longer does.</summary>
    [JsonStringEnumMemberName("drop")]
    Drop,

    /// <summary>More tasks.</summary>
    [JsonStringEnumMemberName("add")]
    Add,

    /// <summary>The person decides.</summary>
    [JsonStringEnumMemberName("ask")]
    Ask,
}

internal sealed record PlanStep
{
    [Description("retry: try again with more words; split: smaller tasks in its place; reassign: another role; drop: leave it out; add: more tasks; ask: let the person decide.")]
    public required StepKind Kind { get; init; }

    [Description("Number of the task that it is about; null for add, and for an ask about the whole.")]
    public int? Task { get; init; }

    [Description("For retry and reassign: what is to be done differently this time. For ask: the question, with two options and the one you recommend.")]
    public string? Words { get; init; }

    [Description("For reassign: the role.")]
    public string? Role { get; init; }

    [Description("For split and add: the new tasks, with numbers that are not in use; else an empty list.")]
    public required IReadOnlyList<PlannedTask> Tasks { get; init; }
}
