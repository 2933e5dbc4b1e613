using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>Adds a task with its edges, its epic's totals and its event.</summary>
public static class AddTask
{
    public const int DescriptionLimit = 50_000;

    public static void Check(CreateTask body) => new Checked()
        .Line(body.Title, "title", 500)
        .Text(body.Description, "description", DescriptionLimit, required: false)
        .Labels(body.Labels)
        .Line(body.IssueNumber, "issueNumber", 30, required: false)
        .Require(body.Priority is null or (>= 1 and <= 5), "priority", "priority is 1 (most urgent) to 5.")
        .Require(body.EstimateHours is null or (>= 0 and <= 100_000), "estimateHours", "estimateHours is 0 to 100000.")
        .Require(body.DependsOn is null || (body.DependsOn.Count <= 1000 && body.DependsOn.All(d => d is not null)), "dependsOn", "At most 1000 dependencies, each a task.")
        .ThrowIfWrong();

    /// <param name="tx">The transaction it is added in.</param>
    /// <param name="body">What it says.</param>
    /// <param name="role">Its role, which says what it owes where the body does not.</param>
    /// <param name="done">Whether it is finished already.</param>
    public static TaskRow Run(StoreTransaction tx, CreateTask body, Role? role = null, bool done = false)
    {
        var project = ProjectRow.Get(tx, body.Project);
        var epic = body.Epic is { } number
            ? tx.QueryFirst<EpicRow>("SELECT * FROM epics WHERE project_id = @Id AND number = @number", new { project.Id, number }) ?? throw Refusal.NotFound("epic", $"{number} in project {project.Key}")
            : null;
        if (body.IssueNumber is not null
            && tx.QueryFirst<int>("SELECT COUNT(*) FROM tasks WHERE project_id = @Id AND issue_number = @IssueNumber", new { project.Id, body.IssueNumber }) > 0)
            throw new Refusal(409, ProblemCodes.Duplicate, $"Project {project.Key} has an issue {body.IssueNumber} already.");
        var contract = body.Contract ?? Role.ContractFor(role, project.Contract, project.Repository is not null);
        CheckContract(project, contract);
        var dependencies = (body.DependsOn ?? []).Select(d => TaskQueries.Get(tx, d)).DistinctBy(t => t.Id).ToList();
        var open = dependencies.Count(d => d.Status != TaskState.Done);
        var notBefore = body.NotBefore?.ToUnixTimeMilliseconds() is { } at && at > tx.Now ? at : (long?)null;
        var gated = epic is { GateOpen: false };
        var row = new TaskRow
        {
            Id = Ids.New(),
            ProjectId = project.Id,
            ProjectKey = project.Key,
            ProjectPaused = project.Paused,
            Number = project.NextTask,
            EpicId = epic?.Id,
            EpicNumber = epic?.Number,
            IssueNumber = body.IssueNumber,
            Title = body.Title.Trim(),
            Description = body.Description,
            Labels = JsonSerializer.Serialize(body.Labels ?? []),
            Priority = body.Priority ?? 3,
            Role = body.Role,
            Status = done ? TaskState.Done : TaskState.Pending,
            PercentComplete = done ? 100 : 0,
            EstimateMinutes = body.EstimateHours is { } hours ? (long)Math.Round(hours * 60) : null,
            Contract = contract,
            NeedsApproval = body.NeedsApproval ?? false,
            ParentId = body.Parent is null ? null : TaskQueries.Get(tx, body.Parent).Id,
            OpenDependencies = open,
            Gated = gated,
            NotBefore = notBefore,
            NotBeforeCode = notBefore is null ? null : WaitingCodes.NotBefore,
            Ready = !done && open == 0 && !gated && notBefore is null,
            CreatedAt = tx.Now,
            UpdatedAt = tx.Now,
            CompletedAt = done ? tx.Now : null,
        };
        tx.ExecuteOne("UPDATE projects SET next_task = next_task + 1 WHERE id = @Id", new { project.Id });
        tx.ExecuteOne(
            """
            INSERT INTO tasks (id, project_id, number, epic_id, issue_number, title, description, labels, priority, role, previous_status, status,
                   percent_complete, estimate_minutes, contract, needs_approval, parent_id, open_dependencies, gated, not_before, not_before_code,
                   ready, created_at, updated_at, completed_at)
            VALUES (@Id, @ProjectId, @Number, @EpicId, @IssueNumber, @Title, @Description, @Labels, @Priority, @Role, @PreviousStatus, @Status,
                   @PercentComplete, @EstimateMinutes, @Contract, @NeedsApproval, @ParentId, @OpenDependencies, @Gated, @NotBefore, @NotBeforeCode,
                   @Ready, @CreatedAt, @UpdatedAt, @CompletedAt)
            """, row);
        foreach (var dependency in dependencies)
            tx.ExecuteOne("INSERT INTO edges (task_id, depends_on) VALUES (@Id, @on)", new { row.Id, on = dependency.Id });
        EpicCounters.Add(tx, row, done);
        tx.Emit(EventTypes.TaskCreated, $"{row.Key} was added: {row.Title}", project.Id, row.Id, data: new { key = row.Key, priority = row.Priority, labels = body.Labels });
        if (row.Ready) tx.Notify(new TaskBecameReady(ReadyTask.Of(row, tx.Now)));
        if (notBefore is { } due) tx.Notify(new TaskDue(due));
        return row;
    }

    /// <summary>A contract must be one that this project can fulfil.</summary>
    public static void CheckContract(ProjectRow project, string text)
    {
        var (contract, errors) = Contract.Parse(text);
        new Checked()
            .Require(contract is not null, "contract", string.Join(' ', errors))
            .Require(contract is null || !contract.AsksForGit || project.Repository is not null, "contract",
                $"'{text}' asks for git, and project {project.Key} has no repository. Use an empty contract, or one of research and citation.")
            .ThrowIfWrong();
    }

    /// <summary>Adds an edge, unless it would close a circle.</summary>
    public static void AddEdge(StoreTransaction tx, TaskRow task, TaskRow on)
    {
        if (task.Status != TaskState.Pending)
            throw Refusal.WrongState($"{task.Key} is {task.Status.Replace('_', ' ')}; only a pending task can be made to wait.");
        var path = tx.QueryFirst<string>(
            """
            WITH RECURSIVE upstream (id) AS (
              SELECT id FROM tasks WHERE id = @on UNION SELECT e.depends_on FROM edges e JOIN upstream u ON e.task_id = u.id)
            SELECT id FROM upstream WHERE id = @task LIMIT 1
            """, new { on = on.Id, task = task.Id });
        if (path is not null)
            throw new Refusal(409, ProblemCodes.Cycle, $"{task.Key} cannot wait for {on.Key}, because {on.Key} waits for {task.Key} already (directly or through others). Remove one of these dependencies first.");
        tx.Execute("INSERT INTO edges (task_id, depends_on) VALUES (@task, @on) ON CONFLICT DO NOTHING", new { task = task.Id, on = on.Id });
        Readiness.Refresh(tx, task.Id);
    }
}
