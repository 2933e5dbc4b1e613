using FsCheck;
using FsCheck.Fluent;
using Muster.Contracts.Conversations;
using Muster.ControlPlane.Conversations;
using Muster.ControlPlane.Conversations.Planning;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Tests.Conversations;

/// <summary>A plan is believed only when it holds up; each fault is said so that it can be mended (B5).</summary>
[Trait("req", "B5")]
public sealed class PlanCheckTests
{
    private static readonly RoleCatalog Roles = new([Path.Combine(Repository.Root, "fleet", "roles")]);

    private static PlanFacts Facts(double? budget = null, string? only = null, params string[] words)
    {
        ProjectRow[] projects = [new() { Id = "1", Key = "FLT", Name = "Fleet", Contract = "" }, new() { Id = "2", Key = "API", Name = "Api", Repository = "/srv/api", Contract = "commit + pr(merged)" }];
        return new PlanFacts { Projects = projects, Roles = Roles, Limits = new ChiefOptions(), Only = only is null ? null : projects.First(p => p.Key == only), Words = words, BudgetUsd = budget, Agents = [] };
    }

    private static GoalPlan Plan(params PlannedTask[] tasks) => new() { Goal = "It works", Project = new PlanProject { Key = "FLT" }, Epics = [], Tasks = tasks, Risks = [], Questions = [] };

    private static string Faults(GoalPlan plan, PlanFacts? facts = null) => string.Join('\n', PlanCheck.Faults(plan, facts ?? Facts()));

    [Fact]
    public void A_plan_that_holds_up_has_no_fault() => Assert.Equal("", Faults(Plan(Chief.Task(1), Chief.Task(2, after: [1]), Chief.Task(3, after: [1, 2]))));

    [Fact]
    public void A_circle_is_found_and_named()
    {
        var faults = Faults(Plan(Chief.Task(1, after: [3]), Chief.Task(2, after: [1]), Chief.Task(3, after: [2]), Chief.Task(4)));
        Assert.Contains("Tasks 1, 2, 3 wait for each other in a circle", faults, StringComparison.Ordinal);
        Assert.Contains("in a circle", Faults(Plan(Chief.Task(1, after: [1]))), StringComparison.Ordinal);
    }

    [Fact]
    public void Ten_thousand_tasks_are_refused_in_one_sentence()
    {
        var faults = PlanCheck.Faults(Plan([.. Enumerable.Range(1, 10_000).Select(n => Chief.Task(n, after: n > 1 ? [n - 1] : []))]), Facts());
        Assert.Contains("10000 tasks", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_full_of_faults_is_told_a_bounded_number_of_them()
    {
        var faults = PlanCheck.Faults(Plan([.. Enumerable.Range(1, 40).Select(n => Chief.Task(n, role: new string('x', 5000)) with { Hours = -1, Priority = 9, Contract = "nonsense" })]), Facts());
        Assert.InRange(faults.Count, 2, 26);
        Assert.True(faults.Sum(f => f.Length) < 20_000, "What goes back to a model is bounded.");
    }

    public static TheoryData<string, string> Broken => new()
    {
        { "role", "role 'wizard' of task 1 is not one that tasks are given to" },
        { "own role", "is not one that tasks are given to" },
        { "no role", "names no role, and its labels pick none" },
        { "hours", "is estimated at 80 hours" },
        { "no hours", "is estimated at 0 hours" },
        { "not a number", "is estimated at NaN hours" },
        { "contract", "contract of task 1" },
        { "git without repository", "asks for git, and the project has no repository" },
        { "no evidence", "names no evidence" },
        { "unknown dependency", "waits for task 9, which is not there" },
        { "double", "The number 1 is used for more than one task" },
        { "epic", "part of epic 4, which is not there" },
        { "empty epic", "epic 1 has no task" },
        { "priority", "priority of task 1 is 7" },
        { "title", "title of task 1 is empty" },
        { "two lines", "must be one line" },
        { "escape codes", "control characters" },
        { "turned writing", "control characters" },
        { "half a letter", "control characters" },
        { "description", "description of task 1 is empty" },
        { "project", "is no project" },
        { "no project", "names neither a key nor a repository" },
        { "foreign repository", "the person did not name this one" },
        { "questions", "asks 4 questions" },
        { "risks", "names 6 risks" },
        { "budget", "add up to 12" },
        { "nothing", "has no tasks" },
        { "null", "holds null" },
    };

    [Theory, MemberData(nameof(Broken))]
    public void Whatever_is_wrong_is_said(string what, string said)
    {
        var task = Chief.Task(1);
        var question = new PlanQuestion { Text = "Which port?", Default = "8080" };
        var plan = what switch
        {
            "role" => Plan(task with { Role = "wizard" }),
            "own role" => Plan(task with { Role = "chief-of-staff" }),
            "no role" => Plan(task with { Role = null, Labels = ["nothing-that-picks"] }),
            "hours" => Plan(task with { Hours = 80 }),
            "no hours" => Plan(task with { Hours = 0 }),
            "not a number" => Plan(task with { Hours = double.NaN }),
            "contract" => Plan(task with { Contract = "prayer(answered)" }),
            "git without repository" => Plan(task with { Contract = "commit + pr(merged)" }),
            "no evidence" => Plan(task with { Contract = null }),
            "unknown dependency" => Plan(task with { After = [9] }),
            "double" => Plan(task, task),
            "epic" => Plan(task with { Epic = 4 }),
            "empty epic" => Plan(task) with { Epics = [new PlannedEpic { Number = 1, Title = "First" }] },
            "priority" => Plan(task with { Priority = 7 }),
            "title" => Plan(task with { Title = " " }),
            "two lines" => Plan(task with { Title = "One\nTwo" }),
            "escape codes" => Plan(task with { Title = "Innocent \u001b[2J title" }),
            "turned writing" => Plan(task with { Title = "Innocent \u202e eltit" }),
            "half a letter" => Plan(task with { Title = "Half \ud83d only" }),
            "description" => Plan(task with { Description = "" }),
            "project" => Plan(task) with { Project = new PlanProject { Key = "ZZZ" } },
            "no project" => Plan(task) with { Project = new PlanProject() },
            "foreign repository" => Plan(task with { Contract = "commit" }) with { Project = new PlanProject { Repository = "/etc", Name = "Stolen" } },
            "questions" => Plan(task) with { Questions = [question, question, question, question] },
            "risks" => Plan(task) with { Risks = ["a", "b", "c", "d", "e", "f"] },
            "budget" => Plan(task with { BudgetUsd = 12 }) with { BudgetUsd = 10 },
            "nothing" => Plan(),
            "null" => Plan(task) with { Risks = [null!] },
            _ => throw new ArgumentOutOfRangeException(nameof(what)),
        };
        Assert.Contains(said, Faults(plan), StringComparison.Ordinal);
    }

    /// <summary>Markup is text like any other; whoever shows it escapes it.</summary>
    [Fact]
    public void Markup_is_text() => Assert.Equal("", Faults(Plan(Chief.Task(1, "<script>alert(1)</script> [bold]"))));

    [Theory]
    [InlineData("please work on https://example.com/a/b.git.", "https://example.com/a/b.git", true)]
    [InlineData("use \"/srv/my repo\" and /srv/other", "/srv/other", true)]
    [InlineData("please work on https://example.com/a/b.git", "https://example.com/a/b", false)]
    [InlineData("please work on https://example.com/a/b.git", "https://example.com", false)]
    [InlineData("please work on the fleet", "/root/.ssh", false)]
    public void A_new_project_comes_only_from_a_repository_that_the_person_named(string words, string repository, bool allowed)
    {
        var plan = Plan(Chief.Task(1) with { Contract = "commit + pr(merged)" }) with { Project = new PlanProject { Repository = repository, Name = "New" } };
        Assert.Equal(allowed, Faults(plan, Facts(words: words)).Length == 0);
    }

    [Fact]
    public void The_project_that_the_person_named_is_the_one()
    {
        Assert.Contains("must be API", Faults(Plan(Chief.Task(1)), Facts(only: "API")), StringComparison.Ordinal);
        Assert.Contains("must be API", Faults(Plan(Chief.Task(1)) with { Project = new PlanProject { Repository = "/srv/x", Name = "X" } }, Facts(only: "API", words: "/srv/x")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_budget_of_the_person_is_a_limit()
    {
        Assert.Contains("the person allows 5", Faults(Plan(Chief.Task(1)) with { BudgetUsd = 50 }, Facts(budget: 5)), StringComparison.Ordinal);
        Assert.Contains("more than 5", Faults(Plan(Chief.Task(1) with { BudgetUsd = 6 }), Facts(budget: 5)), StringComparison.Ordinal);
        Assert.Equal(5, PlanCheck.Normal(Plan(Chief.Task(1)), Facts(budget: 5)).BudgetUsd);
    }

    /// <summary>Of any graph: the waves hold exactly the tasks that are in no circle and behind none, each after what it waits for.</summary>
    [Fact]
    public void Waves_hold_all_that_can_be_done_in_an_order_that_works()
    {
        var graphs = (from size in Gen.Choose(1, 14)
                      from edges in Gen.ListOf(Gen.Choose(0, (size * size) - 1))
                      select (Size: size, Edges: edges.Take(20).ToArray())).ToArbitrary();
        Prop.ForAll(graphs, graph =>
        {
            var tasks = Enumerable.Range(0, graph.Size).Select(n => Chief.Task(n, after: [.. graph.Edges.Where(e => e / graph.Size == n).Select(e => e % graph.Size).Distinct()])).ToList();
            var placed = new HashSet<int>();
            foreach (var wave in PlanWaves.Of(tasks))
            {
                if (wave.Any(t => !t.After.All(placed.Contains))) return false;
                placed.UnionWith(wave.Select(t => t.Number));
            }

            return tasks.All(t => placed.Contains(t.Number) != Stuck(t.Number, tasks, []));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    // The rule in other words: stuck is what can reach itself, or something that can.
    private static bool Stuck(int number, List<PlannedTask> tasks, HashSet<int> on) =>
        on.Contains(number) || tasks.First(t => t.Number == number).After.Any(next => Stuck(next, tasks, [.. on, number]));
}
