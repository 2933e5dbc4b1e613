using System.ComponentModel;
using ModelContextProtocol.Server;
using Muster.Contracts;
using Muster.Contracts.Conversations;
using Muster.Contracts.Work;
using Request = ModelContextProtocol.Server.RequestContext<ModelContextProtocol.Protocol.CallToolRequestParams>;

namespace Muster.ControlPlane.Mcp.Tools;

/// <summary>Tools to talk with the Chief of Staff, who turns a wish into a plan and the plan into work.</summary>
public static class ChiefTools
{
    private const string Goal = "Key of the goal, such as G-3";

    [McpServerTool(Name = "ask", Title = "Ask the Chief of Staff", Destructive = false, OpenWorld = false, UseStructuredContent = true)]
    [Description("Says something to the Chief of Staff. A wish becomes a goal with a plan, which is made after this call returns: look with show_goal. Said again in the same conversation, it changes, answers or approves.")]
    public static async Task<Said> AskAsync(
        Request request,
        [Description("The wish, or what to say about one, in plain words")] string text,
        [Description("A word of your own for this conversation; the same word goes on with it, none begins a new one")] string? conversation = null,
        [Description("Key or name of the project it is about; the plan says which when left out")] string? project = null,
        [Description("The most it may cost, in US dollars")] double? budgetUsd = null,
        [Description("A word of your own for this message; the same word again says nothing twice")] string? once = null,
        CancellationToken ct = default)
    {
        var body = new SayRequest { Text = text, Channel = Channels.Mcp, OutsideId = conversation, MessageId = once, Project = project, BudgetUsd = budgetUsd };
        var answer = await request.Plane().PostAsync<SaidAnswer>(Routes.Conversations, body, null, ct);
        return new Said(answer.Answer?.Text, answer.Goal is { } goal ? GoalShown.Of(goal) : null);
    }

    [McpServerTool(Name = "show_goal", Title = "Show a goal", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("How a goal stands: its report, what it waits for, its plan and its tasks.")]
    public static async Task<GoalShown> ShowAsync(Request request, [Description(Goal)] string goal, CancellationToken ct = default) =>
        GoalShown.Of(await request.Plane().GetAsync<GoalInfo>(Routes.With(Routes.Goal, goal), ct));

    [McpServerTool(Name = "approve_goal", Title = "Approve a plan", Destructive = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Has the plan of a goal carried out. This is a person's decision: do it only when a person told you to.")]
    public static async Task<GoalShown> ApproveAsync(Request request, [Description(Goal)] string goal, [Description("The version that was looked at, from show_goal; refused when there is a newer one")] int planVersion, CancellationToken ct = default) =>
        GoalShown.Of(await request.Plane().PostAsync<GoalInfo>(Routes.With(Routes.GoalApprove, goal), new ApproveGoal { PlanVersion = planVersion }, null, ct));

    [McpServerTool(Name = "change_goal", Title = "Have a plan changed", Destructive = false, OpenWorld = false, UseStructuredContent = true)]
    [Description("Says something about a goal: what should be different in its plan, or the answer to its question. A new plan follows; show_goal shows it.")]
    public static async Task<Said> ChangeAsync(
        Request request,
        [Description(Goal)] string goal,
        [Description("What should be different")] string text,
        [Description("A word of your own for this message; the same word again says nothing twice")] string? once = null,
        CancellationToken ct = default)
    {
        var about = await request.Plane().GetAsync<GoalInfo>(Routes.With(Routes.Goal, goal), ct);
        var body = new SayRequest { Text = text, Channel = Channels.Mcp, MessageId = once };
        var answer = await request.Plane().PostAsync<SaidAnswer>(Routes.With(Routes.ConversationTurns, about.ConversationId), body, null, ct);
        return new Said(answer.Answer?.Text, answer.Goal is { } now ? GoalShown.Of(now) : null);
    }

    [McpServerTool(Name = "reject_goal", Title = "Say no to a plan", Destructive = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Says no to the plan of a goal and gives the goal up. To have the plan changed, use change_goal. This is a person's decision: do it only when a person told you to.")]
    public static async Task<GoalShown> RejectAsync(Request request, [Description(Goal)] string goal, [Description("Why")] string reason, CancellationToken ct = default) =>
        GoalShown.Of(await request.Plane().PostAsync<GoalInfo>(Routes.With(Routes.GoalReject, goal), new Reason { Text = reason }, null, ct));
}

/// <param name="Answer">What was answered at once; a plan comes later.</param>
/// <param name="Goal">The goal it was about.</param>
public sealed record Said(string? Answer, GoalShown? Goal);

/// <summary>A goal as far as a model needs it.</summary>
public sealed record GoalShown(
    string Key, string? Title, string State, string? Project, string? Waiting, string? WaitingDetail, int PlanVersion, string Report, IReadOnlyList<string> Notes,
    IReadOnlyList<string> Questions, IReadOnlyList<string> Planned, IReadOnlyList<string> Tasks)
{
    public static GoalShown Of(GoalInfo goal) => new(
        goal.Key, goal.Title, goal.State, goal.Project, goal.Waiting, goal.WaitingDetail, goal.PlanVersion, goal.Report, goal.Notes,
        [.. goal.Plan?.Questions.Select(question => question.Text) ?? []], [.. goal.Plan?.Tasks.Select(task => task.Title) ?? []],
        [.. goal.Tasks.Where(task => task.Counts).Select(task => $"{task.Key} {task.Status}: {task.Title}")]);
}
