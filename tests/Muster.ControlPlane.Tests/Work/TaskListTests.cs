using Muster.Contracts;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests.Work;

public sealed class TaskListTests
{
    private static readonly string[] Orders = ["key", "recent", "ended", "priority"];

    /// <summary>Two projects with the same numbers and epics; what is asked for, and whose it is.</summary>
    [Fact]
    [Trait("req", "C2")]
    public async Task Every_list_has_what_is_asked_for_and_pages_neither_repeat_nor_skip()
    {
        await using var plane = await TestPlane.StartAsync();
        foreach (var project in (string[])["ZED", "ABE"])
        {
            await plane.ProjectAsync(project, contract: "");
            await plane.PostAsync<EpicInfo>(Routes.Epics, new CreateEpic { Project = project, Number = 7, Title = "seventh" });
            for (var n = 1; n <= 6; n++)
                await plane.TaskAsync(new CreateTask { Project = project, Title = $"piece {n}", Priority = 1 + (n % 3), Labels = n % 2 == 0 ? ["even"] : [], Epic = n > 4 ? 7 : null });
        }

        foreach (var agent in (string[])["ann", "bob"]) await plane.BeatAsync(agent);
        foreach (var held in await plane.ClaimAsync("ann", max: 3)) await plane.CompleteAsync(held);
        foreach (var held in await plane.ClaimAsync("bob", max: 2)) await plane.PostAsync<AssignmentInfo>(Routes.With(Routes.AssignmentRelease, held.Assignment.Id), new ReleaseAssignment { Reason = "Which way?", WaitFor = WaitingCodes.Approval }, held.Lease);
        await plane.PostAsync<TaskInfo>(Routes.With(Routes.TaskCancel, "ZED-5"));
        var all = await AllAsync("");
        Assert.Equal([.. Enumerable.Range(1, 6).Select(n => $"ABE-{n}"), .. Enumerable.Range(1, 6).Select(n => $"ZED-{n}")], all.Select(t => t.Key));

        (string Filter, Func<TaskInfo, bool> Fits)[] filters =
        [
            ("", _ => true),
            ("project=ZED", t => t.Key.StartsWith("ZED", StringComparison.Ordinal)),
            ("project=zed", t => t.Key.StartsWith("ZED", StringComparison.Ordinal)),
            ("project=NONE", _ => false),
            ("status=done", t => t.Status == TaskState.Done),
            ("status=pending&project=ABE", t => t.Status == TaskState.Pending && t.Key.StartsWith("ABE", StringComparison.Ordinal)),
            ("status=failed", _ => false),
            ("label=even", t => t.Labels.Contains("even")),
            ("label=eve", _ => false),
            ("search=piece%205", t => t.Title == "piece 5"),
            ("search=abe-2", t => t.Key == "ABE-2"),
            ("search=%25", _ => false),
            ("epic=7", t => t.Title is "piece 5" or "piece 6"),
            ("epic=7&project=ABE", t => t.Key is "ABE-5" or "ABE-6"),
            ("epic=8", _ => false),
            ("agent=ann", t => t.Agent == "ann"),
            ("agent=ann&status=done", t => t.Agent == "ann" && t.Status == TaskState.Done),
            ("agent=nobody", _ => false),
            ("waiting=approval", t => t.Agent == "bob"),
            ("waiting=approval&project=ABE", t => t.Agent == "bob" && t.Key.StartsWith("ABE", StringComparison.Ordinal)),
            ("role=none", _ => false),
        ];
        Assert.Equal((3, 2), (all.Count(t => t.Agent == "ann"), all.Count(t => t.Agent == "bob")));
        foreach (var (filter, fits) in filters)
        {
            var expected = all.Where(fits).Select(t => t.Key).ToList();
            foreach (var order in Orders)
            {
                var whole = (await AllAsync($"{filter}&order={order}")).Select(t => t.Key).ToList();
                // What is not over is in no order of what is.
                var fitting = order == "ended" ? [.. all.Where(t => fits(t) && t.Status is TaskState.Done or TaskState.Cancelled && fits(t)).Select(t => t.Key)] : expected;
                Assert.Equal(fitting.Order(StringComparer.Ordinal), whole.Order(StringComparer.Ordinal));
                Assert.Equal(whole, (await PagedAsync($"{filter}&order={order}")).Select(t => t.Key));
            }
        }

        Assert.Equal(all.Where(t => t.Status == TaskState.Pending && t.Agent is null).Select(t => t.Key), await ReadyAsync(""));
        Assert.Equal(all.Where(t => t.Status == TaskState.Pending && t.Agent is null && t.Key.StartsWith("ZED", StringComparison.Ordinal)).Select(t => t.Key), await ReadyAsync("&project=ZED"));

        async Task<IReadOnlyList<TaskInfo>> AllAsync(string filter)
        {
            var page = await plane.GetAsync<Page<TaskInfo>>($"{Routes.Tasks}?limit=500&{filter}");
            Assert.Null(page.Next);
            return page.Items;
        }

        Task<List<TaskInfo>> PagedAsync(string filter) => FollowAsync($"{Routes.Tasks}?limit=2&{filter}");

        async Task<IEnumerable<string>> ReadyAsync(string filter) => (await FollowAsync($"{Routes.TasksReady}?limit=2{filter}")).Select(t => t.Key);

        async Task<List<TaskInfo>> FollowAsync(string path)
        {
            List<TaskInfo> items = [];
            for (string? next = ""; next is not null;)
            {
                var page = await plane.GetAsync<Page<TaskInfo>>(next.Length == 0 ? path : $"{path}&cursor={next}");
                Assert.InRange(page.Items.Count, page.Next is null ? 0 : 2, 2);
                items.AddRange(page.Items);
                next = page.Next;
            }

            return items;
        }
    }

    /// <summary>Nothing of what a task page asks for grows with the years.</summary>
    [Fact]
    public async Task What_belongs_to_a_task_is_found_by_it()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync(contract: "");
        foreach (var title in (string[])["one", "two"]) await plane.TaskAsync(title);
        await plane.BeatAsync("ann");
        foreach (var held in await plane.ClaimAsync("ann", max: 2)) await plane.CompleteAsync(held);
        foreach (var named in (string[])["FLT-2", "flt-2", (await plane.ReadTaskAsync("FLT-2")).Id])
            Assert.Equal("FLT-2", Assert.Single((await plane.GetAsync<Page<AssignmentInfo>>($"{Routes.Assignments}?task={named}")).Items).TaskKey);
        Assert.Empty((await plane.GetAsync<Page<AssignmentInfo>>($"{Routes.Assignments}?task=FLT-9")).Items);
        Assert.Empty((await plane.GetAsync<Page<AssignmentInfo>>($"{Routes.Assignments}?task=FLT-2&agent=bob")).Items);
        Assert.Equal(2, (await plane.GetAsync<Page<AssignmentInfo>>($"{Routes.Assignments}?agent=ann&status=completed")).Items.Count);
    }
}
