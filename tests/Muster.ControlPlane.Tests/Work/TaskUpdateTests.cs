using Muster.Contracts;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests.Work;

/// <summary>What happened to a task, from either end (C3).</summary>
public sealed class TaskUpdateTests
{
    [Fact]
    public async Task Pages_from_the_oldest_and_back_from_the_newest_hold_the_same_each_once()
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.ProjectAsync();
        await plane.TaskAsync("One");
        for (var i = 1; i <= 25; i++) await plane.PostAsync<TaskUpdateInfo>(Routes.With(Routes.TaskUpdates, "FLT-1"), new AddTaskUpdate { Text = $"word {i}" });

        var words = Enumerable.Range(1, 25).Select(i => $"word {i}").ToList();
        Assert.Equal(words, await AllAsync(plane, ""));
        Assert.Equal(words.AsEnumerable().Reverse(), await AllAsync(plane, "&newest=true"));
    }

    private static async Task<List<string>> AllAsync(TestPlane plane, string order)
    {
        List<string> all = [];
        for (string? cursor = null; ;)
        {
            var page = await plane.GetAsync<Page<TaskUpdateInfo>>($"{Routes.With(Routes.TaskUpdates, "FLT-1")}?limit=10{order}{(cursor is null ? "" : "&cursor=" + cursor)}");
            all.AddRange(page.Items.Select(u => u.Text));
            if (page.Next is null) return all;
            cursor = page.Next;
        }
    }
}
