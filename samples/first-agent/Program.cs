using Muster.Client;
using Muster.Contracts.Work;

// Where the plane is and who we are: MUSTER_SERVER, MUSTER_TOKEN, MUSTER_AGENT.
using var muster = MusterClient.FromEnvironment();
var options = WorkOptions.FromEnvironment() with
{
    Capacity = 2,
    OnNotice = notice => Console.Error.WriteLine($"{notice.TaskKey} {notice.Text}".TrimStart()),
};

var end = await muster.WorkAsync(options, async (task, context, ct) =>
{
    Console.WriteLine($"{task.Key} {task.Title} (attempt {context.Assignment.Epoch})");
    await context.LogAsync($"Counting the words of \"{task.Title}\".\n");

    // The work goes here. The token is cancelled at once when the task is no longer ours.
    var words = task.Title.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;
    await context.ReportProgressAsync(percentComplete: 50, note: "counted", ct);
    if (words == 0)
        throw new TaskFailedException("The task has no title to count.", retry: false);

    context.Complete(new CompleteAssignment { Summary = $"{words} words" });
});
Console.WriteLine($"Ended: {end}.");
