using Dapper;
using Microsoft.Extensions.Options;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Proposals;
using Muster.ControlPlane.Delivery.Pulls;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Models.Ledger;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Delivery.Evaluations;

/// <summary>
/// Sets up an evaluation: for each recorded task two tasks more, one under the role as it is and one under the role as it would be,
/// from the commit that the recorded one began from, each with an equal share of the budget. Agents claim them like all others.
/// </summary>
internal sealed partial class StartEvaluation(
    Store store, IRepositories repositories, FleetRepository fleet, RoleCatalog roles, RecordedTasks recorded, IOptions<FleetOptions> options, ILogger<StartEvaluation> logger)
{
    /// <summary>Behind real work of usual priority.</summary>
    private const int Priority = 4;

    private const string Policy = "policy";

    public static void Check(CreateEvaluation body) => new Checked()
        .Require(body.Tasks is null || body.Last is null, "last", "Name tasks, or say how many of the last ones.")
        .Require(body.Tasks is null || body.Tasks.Count is > 0 and <= EvaluationLimits.Tasks && body.Tasks.All(t => !string.IsNullOrWhiteSpace(t)), "tasks", $"1 to {EvaluationLimits.Tasks} keys of tasks.")
        .Require(body.Last is null or (>= 1 and <= EvaluationLimits.Tasks), "last", $"last is 1 to {EvaluationLimits.Tasks}.")
        .Require(body.LimitUsd is null or (> 0 and <= EvaluationLimits.Usd), "limitUsd", $"limitUsd is more than 0, and at most {EvaluationLimits.Usd:0}.")
        .Require(body.LimitTokens is null or (>= EvaluationLimits.Tasks * 2 and <= EvaluationLimits.Tokens), "limitTokens", $"limitTokens is {EvaluationLimits.Tasks * 2} to {EvaluationLimits.Tokens:N0}.")
        .ThrowIfWrong();

    /// <summary>Where the operator wants every proposal evaluated. What cannot be evaluated is proposed all the same.</summary>
    public async Task ByPolicyAsync(string pullId, CancellationToken ct)
    {
        if (options.Value.Evaluate == 0) return;
        try
        {
            var body = new CreateEvaluation { Last = options.Value.Evaluate };
            var ready = await PrepareAsync(pullId, body, ct);
            await store.WriteAsync(tx => Write(tx, ready, body, Policy), ct);
        }
        catch (Refusal refusal)
        {
            NotEvaluated(pullId, refusal.Message);
        }
    }

    public async Task<string> RunAsync(string pull, CreateEvaluation body, string by, Writes writes, CancellationToken ct)
    {
        Check(body);
        var ready = await PrepareAsync(pull, body, ct);
        return await writes.RunAsync(body, tx => Write(tx, ready, body, by), ct);
    }

    /// <summary>What git has to say, before the transaction.</summary>
    private async Task<Ready> PrepareAsync(string id, CreateEvaluation body, CancellationToken ct)
    {
        var pull = await store.ReadAsync(c => PullQueries.GetAsync(c, id), ct);
        if (!pull.IsOpen) throw Refusal.WrongState($"{pull.Name} is {pull.State}; there is nothing left to decide about.");
        var project = await store.ReadAsync(c => c.QueryFirstAsync<ProjectRow>(ProjectRow.Select + " WHERE id = @ProjectId", new { pull.ProjectId }), ct);
        var repository = repositories.Open(project.Id) ?? throw Refusal.WrongState($"{project.Key} has no mirror; sync it first.");
        var target = await repository.ResolveAsync(BranchNames.Heads + pull.Base, ct);
        var from = (target is null ? null : await repository.MergeBaseAsync(target, pull.HeadSha, ct)) ?? throw Refusal.WrongState($"{pull.Name} has nothing in common with {pull.Base}.");
        var files = (await repository.ChangesAsync(from, pull.HeadSha, ct)).Select(c => c.Path).Where(path => RoleOf(path, project) is not null).ToList();
        if (files.Count != 1) throw Refusal.WrongState(files.Count == 0 ? $"{pull.Name} changes no role, and what it changes is proven by its checks." : $"{pull.Name} changes {files.Count} roles; propose them one by one, so that what each does can be told.");
        var name = RoleOf(files[0], project)!;
        var before = await repository.ReadFileAsync(from, files[0], RoleFile.MostBytes, ct) ?? (roles.Find(name) is { } now ? await File.ReadAllTextAsync(now.File, ct) : null)
            ?? throw Refusal.WrongState($"The role {name} is new: no task was done under it that could be done anew.");
        var after = await repository.ReadFileAsync(pull.HeadSha, files[0], RoleFile.MostBytes, ct) ?? throw Refusal.WrongState($"{pull.Name} takes the role {name} away.");
        foreach (var text in (string[])[before, after]) Read(name, text);
        return new Ready(pull, name, before, after, await recorded.FindAsync(name, body, ct));
    }

    private string? RoleOf(string path, ProjectRow project)
    {
        const string shipped = "fleet/roles/";
        var file = fleet.Is(project) ? path : path.StartsWith(shipped, StringComparison.Ordinal) ? path[shipped.Length..] : "";
        return file.EndsWith(".md", StringComparison.Ordinal) && !file.Contains('/', StringComparison.Ordinal) ? file[..^3] : null;
    }

    private static void Read(string name, string text)
    {
        try
        {
            RoleFile.Parse(name, text, name + ".md", RoleSources.Own);
        }
        catch (RoleFault fault)
        {
            throw Refusal.WrongState($"{name}.md{(fault.Line is { } line ? $":{line}" : "")}: {fault.Message}");
        }
    }

    private static string Write(StoreTransaction tx, Ready ready, CreateEvaluation body, string by)
    {
        var pull = PullQueries.Get(tx, ready.Pull.Id);
        if (!pull.IsOpen || pull.HeadSha != ready.Pull.HeadSha) throw Refusal.Conflict($"{pull.Name} has changed meanwhile. Evaluate it as it is now.");
        if (tx.QueryFirst<int>("SELECT COUNT(*) FROM evaluations WHERE state = 'running' AND pull_id = @Id", new { pull.Id }) > 0) throw Refusal.WrongState($"{pull.Name} is being evaluated. Wait for the result, or cancel it.");
        var running = tx.QueryFirst<int>("SELECT COUNT(*) FROM evaluations WHERE state = 'running'");
        if (running >= EvaluationLimits.AtOnce) throw Refusal.WrongState($"{running} evaluations are at work, the most that may be. Wait for one, or cancel it.");
        var (nanos, tokens) = (Nanos.Of(body.LimitUsd ?? EvaluationLimits.UsualUsd)!.Value, body.LimitTokens ?? EvaluationLimits.UsualTokens);
        var id = Ids.New();
        tx.ExecuteOne(
            """
            INSERT INTO evaluations (id, pull_id, head_sha, role, before_text, after_text, state, limit_nanos, limit_tokens, created_by, created_at)
            VALUES (@id, @pull, @HeadSha, @Role, @Before, @After, 'running', @nanos, @tokens, @by, @Now)
            """, new { id, pull = pull.Id, pull.HeadSha, ready.Role, ready.Before, ready.After, nanos, tokens, by, tx.Now });
        var trials = ready.Tasks.Count * 2;
        foreach (var task in ready.Tasks)
            foreach (var side in (string[])[TrialRow.BeforeSide, TrialRow.AfterSide])
                AddTrial(tx, id, pull, ready.Role, task, side, nanos / trials, tokens / trials);
        tx.Emit(EventTypes.EvaluationStarted, $"{pull.Name} is evaluated over {string.Join(", ", ready.Tasks.Select(t => t.Key))}, for at most ${Nanos.Dollars(nanos):0.##}", pull.ProjectId, pull.TaskId,
            data: new { evaluation = id, pullId = pull.Id, role = ready.Role, tasks = ready.Tasks.Select(t => t.Key) });
        return id;
    }

    private static void AddTrial(StoreTransaction tx, string evaluation, PullRow pull, string role, RecordedTask task, string side, long nanos, long tokens)
    {
        // The same words on both sides: which of the two it is, is nowhere told.
        var row = AddTask.Run(tx, new CreateTask
        {
            Project = task.ProjectId,
            Title = task.Title.Length > 450 ? task.Title[..450] : task.Title,
            Description = task.Description,
            Labels = [.. task.ReadLabels()],
            Priority = Priority,
            Role = role,
            Contract = RecordedTasks.ContractOf(task.Contract),
            Parent = pull.TaskId,
        });
        tx.ExecuteOne("INSERT INTO trials (task_id, evaluation_id, recorded, side, base_sha) VALUES (@Id, @evaluation, @Key, @side, @BaseSha)", new { row.Id, evaluation, task.Key, side, task.BaseSha });
        tx.ExecuteOne(
            """
            INSERT INTO budgets (id, scope, subject, period, limit_nanos, limit_tokens, created_at, updated_at) VALUES (@id, 'task', @task, 'ever', @nanos, @tokens, @Now, @Now)
            """, new { id = Ids.New(), task = row.Id, nanos = Math.Max(1, nanos), tokens, tx.Now });
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The proposal {Pull} was not evaluated by itself: {Why}")]
    private partial void NotEvaluated(string pull, string why);

    private sealed record Ready(PullRow Pull, string Role, string Before, string After, IReadOnlyList<RecordedTask> Tasks);
}
