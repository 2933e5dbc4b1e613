using System.Globalization;
using Muster.Contracts.Work;
using Muster.Dashboard.Hosting;

namespace Muster.Dashboard.Tasks;

/// <summary>What a person may do with a task.</summary>
internal static class TaskForms
{
    public static IReadOnlyList<FormRoute> All { get; } =
    [
        new("/tasks/{key}/retry", async call => $"{(await call.Page.Muster.RetryTaskAsync(call.Value("key"), ct: call.Stop)).Key} is tried again"),
        new("/tasks/{key}/cancel", async call => $"{(await call.Page.Muster.CancelTaskAsync(call.Value("key"), new Reason { Text = call.Text("reason") }, ct: call.Stop)).Key} is cancelled"),
        new("/tasks/{key}/comment", CommentAsync),
        new("/tasks/{key}/edit", EditAsync),
        new("/tasks/{key}/take-back", TakeBackAsync),
    ];

    private static async Task<string> CommentAsync(FormCall call)
    {
        var key = call.Value("key");
        await call.Page.Muster.AddTaskUpdateAsync(key, new AddTaskUpdate { Text = call.Required("text", "Say something first.") }, ct: call.Stop);
        return $"Your comment stands at {key}";
    }

    private static async Task<string> EditAsync(FormCall call)
    {
        var priority = call.Text("priority") is not { } text ? (int?)null
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 5 ? number : throw new FormException("priority", "A priority is 1 to 5.");
        var task = await call.Page.Muster.UpdateTaskAsync(call.Value("key"),
            new UpdateTask { Title = call.Required("title", "A task has a title."), Description = call.Text("description") ?? "", Priority = priority, Role = call.Text("role") }, ct: call.Stop);
        return $"{task.Key} is changed";
    }

    private static async Task<string> TakeBackAsync(FormCall call)
    {
        var task = await call.Page.Muster.TakeBackTaskAsync(call.Value("key"), new Reason { Text = call.Text("reason") }, ct: call.Stop);
        return $"{task.Key} was taken back; the next free agent goes on with it";
    }
}
