using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Quartz;

namespace Muster.Bench.Servers;

/// <summary>
/// Quartz on PostgreSQL, as installed, in a process of its own: one job, and a trigger for each task that is due at once. It speaks to the
/// benchmark as the peers from npm do.
/// </summary>
internal static class QuartzPeer
{
    private const int Together = 500;

    public static async Task<int> RunAsync(string address, int tasks)
    {
        var at = new Uri(address);
        var settings = new NpgsqlConnectionStringBuilder { Host = at.Host, Port = at.Port, Username = at.UserInfo, Database = at.AbsolutePath[1..] };
        var scheduler = await QuartzSchedulerBuilder.Create(quartz => quartz.UsePersistentStore(store =>
        {
            store.UsePostgres(NpgsqlFactory.Instance, settings.ConnectionString);
            store.UseSystemTextJsonSerializer();
            store.ProvisionSchema();
        })).BuildScheduler();
        // It makes its tables when it starts.
        await scheduler.Start();
        await scheduler.Standby();
        await SeedAsync(scheduler, tasks);
        Console.WriteLine("ready");
        while (await Console.In.ReadLineAsync() is { } line)
        {
            if (line is not ("go" or "warm")) continue;
            Counted.Begin(tasks);
            var started = Stopwatch.GetTimestamp();
            await scheduler.Start();
            await Counted.Finished;
            if (line == "warm")
            {
                await scheduler.Standby();
                await SeedAsync(scheduler, tasks);
                Console.WriteLine("ready");
                continue;
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $$"""{"tasks":{{tasks}},"seconds":{{Stopwatch.GetElapsedTime(started).TotalSeconds}}}"""));
        }

        await scheduler.Shutdown(waitForJobsToComplete: false);
        return 0;
    }

    private static async Task SeedAsync(IScheduler scheduler, int tasks)
    {
        var job = JobBuilder.Create<Counted>().WithIdentity("task").StoreDurably().Build();
        for (var from = 0; from < tasks; from += Together)
        {
            List<ITrigger> triggers = [.. Enumerable.Range(from, Math.Min(Together, tasks - from)).Select(n => TriggerBuilder.Create().WithIdentity(string.Create(CultureInfo.InvariantCulture, $"task-{n}")).ForJob(job).StartNow().Build())];
            await scheduler.ScheduleJobs(new Dictionary<IJobDetail, IReadOnlyCollection<ITrigger>> { [job] = triggers }, new ScheduleJobOptions { Replace = true });
        }
    }

    /// <summary>A task that is done as soon as it is begun.</summary>
    internal sealed class Counted : IJob
    {
        private static TaskCompletionSource _finished = new();
        private static int _left;

        public static Task Finished => _finished.Task;

        public static void Begin(int tasks) => (_left, _finished) = (tasks, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

        public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
        {
            if (Interlocked.Decrement(ref _left) == 0) _finished.TrySetResult();
            return ValueTask.CompletedTask;
        }
    }
}
