using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Muster.Contracts;
using Muster.Contracts.Conversations;
using Muster.Contracts.Events;
using Muster.ControlPlane.Conversations;
using Muster.ControlPlane.Models;

namespace Muster.ControlPlane.Tests.Conversations;

/// <summary>A model that a test speaks for; every question is kept.</summary>
internal sealed class SpokenModel : IModels
{
    private Func<ModelQuestion, CancellationToken, Task<string>> _answer = (_, _) => throw new InvalidOperationException("The test did not expect a question.");

    public ConcurrentQueue<ModelQuestion> Questions { get; } = new();

    public string? Down { get; set; }

    /// <summary>Refuses every question, though it is there.</summary>
    public string? Refuses { get; set; }

    public int Calls => Questions.Count;

    public void Say(Func<ModelQuestion, string> answer) => _answer = (question, _) => Task.FromResult(answer(question));

    public void Say(Func<ModelQuestion, CancellationToken, Task<string>> answer) => _answer = answer;

    /// <summary>One answer after the other; the last again and again.</summary>
    public void Say(params string[] answers)
    {
        var next = -1;
        Say(_ => answers[Math.Min(Interlocked.Increment(ref next), answers.Length - 1)]);
    }

    public string? WhyNot(string route) => Down;

    public async Task<ModelReply> AskAsync(ModelQuestion question, CancellationToken ct)
    {
        if (Down is { } why) throw new ModelsUnavailableException("provider_down", why);
        Questions.Enqueue(question);
        if (Refuses is { } refusal) throw new ModelsUnavailableException("invalid", refusal);
        var text = await _answer(question, ct);
        question.OnText?.Invoke(text);
        return new ModelReply { Text = text, Provider = "test", Model = "spoken", TokensIn = 1, TokensOut = 1 };
    }
}

/// <summary>A plane whose Chief of Staff thinks what the test says.</summary>
internal static class Chief
{
    public static Task<TestPlane> StartAsync(SpokenModel model, string? folder = null, Action<ChiefOptions>? options = null) => TestPlane.StartAsync(folder, services =>
    {
        services.Replace(ServiceDescriptor.Singleton<IModels>(model));
        services.Configure<ChiefOptions>(o =>
        {
            o.RetryDelay = TimeSpan.FromMilliseconds(20);
            options?.Invoke(o);
        });
    });

    public static Task<SaidAnswer> SayAsync(this TestPlane plane, string text, SayRequest? with = null) => plane.PostAsync<SaidAnswer>(Routes.Conversations, (with ?? new SayRequest { Text = "" }) with { Text = text });

    public static Task<SaidAnswer> MoreAsync(this TestPlane plane, SaidAnswer before, string text) =>
        plane.PostAsync<SaidAnswer>(Routes.With(Routes.ConversationTurns, before.Conversation.Id), new SayRequest { Text = text });

    public static Task<GoalInfo> GoalAsync(this TestPlane plane, string key) => plane.GetAsync<GoalInfo>(Routes.With(Routes.Goal, key));

    public static async Task<IReadOnlyList<TurnInfo>> TurnsAsync(this TestPlane plane, string conversation) =>
        (await plane.GetAsync<Page<TurnInfo>>(Routes.With(Routes.ConversationTurns, conversation) + "?limit=200")).Items;

    /// <summary>The goal once it is as wanted; looks again with every event of the plane, so that nothing is waited for but what happens.</summary>
    public static async Task<GoalInfo> UntilAsync(this TestPlane plane, string key, Func<GoalInfo, bool> wanted)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var client = new Client.MusterClient(new Client.MusterClientOptions { Server = plane.Address, Token = plane.OwnerToken });
        GoalInfo? goal = null;
        try
        {
            var after = (await plane.GetAsync<Page<EventInfo>>(Routes.Events + "?limit=500")).Items is [.., { Seq: var last }] ? last : 0;
            if (wanted(goal = await plane.GoalAsync(key))) return goal;
            await foreach (var _ in client.FollowEventsAsync(after, ct: limit.Token))
                if (wanted(goal = await plane.GoalAsync(key))) return goal;
        }
        catch (OperationCanceledException)
        {
            // Told below, with what there was instead.
        }

        throw new TimeoutException($"The goal did not come to be as wanted; it is {JsonSerializer.Serialize(goal, Wire.Indented)}");
    }

    /// <summary>An answer with a plan, as a model would write it.</summary>
    public static string Plan(string project, params PlannedTask[] tasks) => Answer(new GoalPlan
    {
        Goal = "The service answers /health",
        Project = new PlanProject { Key = project },
        Epics = [],
        Tasks = tasks,
        Risks = [],
        Questions = [],
    });

    public static string Answer(GoalPlan plan, string say = "I have a plan.", string? preference = null) => JsonSerializer.Serialize(new
    {
        say,
        plan = new { plan.Goal, plan.Project, plan.Epics, plan.Tasks, plan.Risks, questions = plan.Questions.Select(q => new { q.Text, q.Default }), plan.BudgetUsd },
        preference,
    }, Json);

    public static string Change(string say, params object[] steps) => JsonSerializer.Serialize(new { say, steps, preference = (string?)null }, Json);

    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web);

    public static PlannedTask Task(int number, string title = "", int[]? after = null, string role = "backend-engineer") => new()
    {
        Number = number,
        Title = title.Length > 0 ? title : $"Step {number}",
        Description = $"Do step {number}.",
        Role = role,
        Labels = [],
        Priority = 3,
        After = after ?? [],
        Contract = "research",
        Hours = 1,
    };
}
