using Muster.Contracts.Events;
using Muster.Contracts.Models;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Models.Gateway;
using Muster.ControlPlane.Models.Ledger;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Models.Budgets;

/// <summary>What one task may cost, when its plan or its role says so. A budget that a person sets for the task takes their place.</summary>
internal static class TaskBudgets
{
    /// <summary>From a plan: its money, and the other limits of the role.</summary>
    public static void Plan(StoreTransaction tx, TaskRow task, double? usd, Role? role)
    {
        if (usd is null) return;
        Add(tx, task.Id, usd, role);
        tx.Emit(EventTypes.BudgetChanged, $"Its plan gives {task.Key} ${usd:0.##} for models", task.ProjectId, task.Id, data: new { scope = BudgetScopes.Task, period = BudgetPeriods.Ever, usd });
    }

    /// <summary>From its role, with the first call of a model.</summary>
    public static void FromRole(StoreTransaction tx, ModelCaller caller, Role? role)
    {
        if (caller.TaskId is not { } task || role is not { LimitsModels: true }) return;
        if (tx.QueryFirst<int>("SELECT COUNT(*) FROM budgets WHERE scope = 'task' AND subject = @task AND period = 'ever'", new { task }) == 0) Add(tx, task, role.Limits!.Usd, role);
    }

    private static void Add(StoreTransaction tx, string task, double? usd, Role? role) => tx.Execute(
        """
        INSERT INTO budgets (id, scope, subject, period, limit_nanos, limit_tokens, limit_calls, created_at, updated_at)
        VALUES (@id, 'task', @task, 'ever', @nanos, @Tokens, @Calls, @Now, @Now) ON CONFLICT DO NOTHING
        """, new { id = Ids.New(), task, nanos = Nanos.Of(usd), role?.Limits?.Tokens, role?.Limits?.Calls, tx.Now });
}
