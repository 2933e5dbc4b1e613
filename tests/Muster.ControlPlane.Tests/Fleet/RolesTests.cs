using System.Net;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Models;
using Muster.Contracts.Work;
using Muster.ControlPlane.Tests.Models;

namespace Muster.ControlPlane.Tests.Fleet;

/// <summary>Roles on a plane (A1): one's own before those shipped, changed while it runs, given with each task.</summary>
public sealed class RolesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("muster-roles-").FullName;

    private string Own => Directory.CreateDirectory(Path.Combine(_folder, "roles")).FullName;

    public void Dispose()
    {
        // A plane of models takes its folder with it.
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    [Fact, Trait("req", "A1")]
    public async Task Ones_own_come_first_and_a_wrong_file_is_told_of_and_harms_no_other()
    {
        await File.WriteAllTextAsync(Path.Combine(Own, "backend-engineer.md"), "---\nlabels: [backend]\nroute: local\n---\nYou work as we do here.");
        await File.WriteAllTextAsync(Path.Combine(Own, "gardener.md"), "---\nlabels: [garden]\nlimit: { usd: 1 }\n---\nYou tend the garden.");
        await using var plane = await StartAsync();

        var roles = await plane.GetAsync<RolesInfo>(Routes.Roles);
        var own = Assert.Single(roles.Roles, r => r.Name == "backend-engineer");
        Assert.Equal((RoleSources.Own, "local"), (own.Source, own.Route));
        Assert.Equal(12, roles.Roles.Count);
        Assert.Equal("You work as we do here.", (await plane.GetAsync<RoleInfo>(Routes.With(Routes.Role, "backend-engineer"))).Instructions);
        var problem = Assert.Single(roles.Problems);
        Assert.Equal((Path.Combine(Own, "gardener.md"), 3), (problem.File, problem.Line));
        Assert.Contains("'limit' is no key of a role", problem.Message, StringComparison.Ordinal);
        Assert.Equal(ProblemCodes.NotFound, (await plane.RefusedAsync(HttpMethod.Get, Routes.With(Routes.Role, "gardener"))).Code);
    }

    [Fact, Trait("req", "A1")]
    public async Task A_file_that_changes_counts_without_a_restart_and_stays_as_it_was_while_it_is_wrong()
    {
        var file = Path.Combine(Own, "gardener.md");
        await File.WriteAllTextAsync(file, "---\nlabels: [garden]\n---\nYou tend the garden.");
        await using var plane = await StartAsync();
        var first = await plane.GetAsync<RoleInfo>(Routes.With(Routes.Role, "gardener"));

        await File.WriteAllTextAsync(file, "---\nlabels: [garden]\n---\nYou tend the whole garden.");
        plane.Clock.Advance(TimeSpan.FromSeconds(2));
        var second = await plane.GetAsync<RoleInfo>(Routes.With(Routes.Role, "gardener"));
        Assert.Equal("You tend the whole garden.", second.Instructions);
        Assert.NotEqual(first.Hash, second.Hash);

        await File.WriteAllTextAsync(file, "---\nlabels: [garden\n---\nYou tend it no more, at all.");
        plane.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(second.Hash, (await plane.GetAsync<RoleInfo>(Routes.With(Routes.Role, "gardener"))).Hash);
        Assert.Contains("stays as it was", Assert.Single((await plane.GetAsync<RolesInfo>(Routes.Roles)).Problems).Message, StringComparison.Ordinal);
    }

    [Fact, Trait("req", "A1")]
    public async Task A_claim_brings_the_tasks_role_else_the_agents_and_the_task_owes_what_it_owes()
    {
        await File.WriteAllTextAsync(Path.Combine(Own, "gardener.md"), "---\nlabels: [garden]\ntools: [-shell]\nroute: local\nlimits: { turns: 7 }\nevidence: research\n---\nYou tend the garden.");
        await using var plane = await StartAsync();
        await plane.ProjectAsync();
        var labelled = await plane.TaskAsync(new CreateTask { Project = "FLT", Title = "weed", Labels = ["garden"] });
        await plane.TaskAsync(new CreateTask { Project = "FLT", Title = "own words", Labels = ["garden"], Contract = "citation" });
        Assert.Equal(("gardener", "research"), (labelled.Role, labelled.Contract));

        await plane.BeatAsync("ada");
        var (first, second) = (await plane.ClaimAsync("ada", 2)) switch { [var a, var b] => (a, b), _ => throw new InvalidOperationException() };
        Assert.Equal(("gardener", "You tend the garden.", "local", 7), (first.Role?.Name, first.Role?.Instructions, first.Role?.Route, first.Role?.Limits?.Turns));
        Assert.Equal("citation", second.Task.Contract);

        await plane.TaskAsync("no role of its own");
        await plane.PostAsync<HeartbeatAnswer>(Routes.AgentHeartbeat, new HeartbeatRequest { Agent = "eve", Role = "qa-testing" });
        Assert.Equal("qa-testing", Assert.Single(await plane.ClaimAsync("eve")).Role?.Name);
        await plane.TaskAsync("nor has its agent");
        Assert.Null(Assert.Single(await plane.ClaimAsync("ada")).Role);
    }

    [Fact, Trait("req", "A1"), Trait("req", "B7")]
    public async Task The_ledger_keeps_the_roles_limits_unless_a_person_has_set_the_tasks()
    {
        await File.WriteAllTextAsync(Path.Combine(Own, "gardener.md"), "---\nlabels: [garden]\nlimits: { usd: 5, tokens: 1_000_000, calls: 2 }\n---\nYou tend the garden.");
        await using var models = await ModelPlane.StartAsync(_folder, [Own]);
        await models.Plane.ProjectAsync();
        await models.Plane.BeatAsync("ada");
        for (var i = 0; i < 2; i++) await models.Plane.TaskAsync(new CreateTask { Project = "FLT", Title = $"bed {i}", Labels = ["garden"] });
        var held = await models.Plane.ClaimAsync("ada", 2);
        await models.BudgetAsync(new CreateBudget { Scope = BudgetScopes.Task, Subject = held[1].Task.Key, LimitCalls = 3 });

        var made = await Task.WhenAll(Enumerable.Range(0, 10).SelectMany(_ => held.Select(h => models.AskAsync(h.Lease, ModelPlane.Say("dig")))));

        Assert.Equal(5, made.Count(a => a.Status == HttpStatusCode.OK));
        var budgets = (await models.Plane.GetAsync<Page<BudgetInfo>>(Routes.Budgets)).Items;
        var ofRole = Assert.Single(budgets, b => b.Subject == held[0].Task.Key);
        Assert.Equal((5.0, 1_000_000, 2, 2), (ofRole.LimitUsd, ofRole.LimitTokens, ofRole.LimitCalls, ofRole.Used.Calls));
        Assert.Equal(3, Assert.Single(budgets, b => b.Subject == held[1].Task.Key).LimitCalls);
    }

    private Task<TestPlane> StartAsync() => TestPlane.StartAsync(_folder, options: new ControlPlaneOptions
    {
        DataFolder = _folder,
        RoleFolders = [Own, Path.Combine(Repository.Root, "fleet", "roles")],
    });
}
