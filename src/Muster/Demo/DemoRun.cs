using System.Diagnostics;
using Muster.Client;
using Muster.Commands;
using Muster.Connections;
using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.Hosting;
using Muster.Terminals;

namespace Muster.Demo;

/// <summary><c>muster demo</c>, from an empty folder to a running, merged, proven service.</summary>
internal static class DemoRun
{
    public static async Task<int> RunAsync(Call call, bool exit, bool yes, DemoModels models)
    {
        var watch = Stopwatch.StartNew();
        var folder = FreshFolder(call.Get(Globals.Data));
        using var data = DataFolder.Open(folder);
        using var log = new PlaneLog(data.Logs, call.Get(Globals.Verbose), onTerminal: false);
        models.Write(data.Path);
        var repository = new DemoRepository(Path.Combine(data.Path, "hello-service"));
        Directory.CreateDirectory(repository.Path);
        var start = await repository.CreateAsync(Path.Combine(DemoSetting.Samples, "hello-service"), call.Stop);
        try
        {
            await using var plane = await RunningPlane.StartAsync(data, "http://127.0.0.1:0", new Adapters(), log, call.Stop);
            await using var host = RunningHost.Beside(plane, data, DemoSetting.CrewSize, log);
            using var muster = Connection.Open(plane.Server);
            await using IDemoView view = call.Terminal.Interactive ? new LiveView(call.Terminal) : new LinesView(call.Terminal);
            if (!exit) view.Say($"Watch it in a browser: {await plane.SignInLinkAsync(call.Stop)}", Tone.Strong);
            view.Say($"{models.Opening} {DemoSetting.CrewSize} agents work on {repository.Path}; the plane is at {plane.Server.Address}", Tone.Strong);
            await DemoSetting.AwaitHostAsync(muster, host.Completion, call.Stop);
            var project = await DemoSetting.SetUpAsync(muster, repository.Path, models.Model, call.Stop);
            var demo = new DemoWatch(muster, project, host, view, call.Terminal, yes, models.MayKill);
            var now = await demo.RunAsync(call.Stop);
            await view.PauseAsync();
            var spent = await muster.GetModelCostAsync("task", project: project.Key, ct: call.Stop);
            var tasks = await DemoReport.TasksAsync(muster, now, spent, call.Stop);
            var deployment = tasks.All(task => task.Status == TaskState.Done) ? await DeployAsync(muster, project, view, call.Stop) : null;
            var health = await HealthAsync(deployment, call.Stop);
            var planeHead = await PlaneHeadAsync(muster, project, repository, call.Stop);
            var target = new DemoTarget { Branch = DemoRepository.Branch, Head = await repository.HeadAsync(call.Stop), Commits = await repository.LogAsync(start, call.Stop) };
            var missing = DemoReport.Missing(tasks, target, planeHead, deployment, health, demo.Killed, models.MayKill);
            var result = new DemoResult
            {
                Ok = missing.Count == 0,
                Tasks = tasks,
                Target = target,
                Health = health,
                Models = new DemoSpent(spent.Total.Calls, spent.Total.TokensIn + spent.Total.TokensCached, spent.Total.TokensOut, spent.Total.Usd),
                Recorded = await models.CollectAsync(muster, data.Path, call.Stop),
                Killed = demo.Killed,
                // By whomever: here, or by `muster review approve` in another terminal.
                Approved = [.. now.Pulls.Where(pull => pull is { NeedsApproval: true, Approved: true }).Select(PullText.Name)],
                Missing = missing,
                Seconds = Math.Round(watch.Elapsed.TotalSeconds, 1),
                Data = data.Path,
                Repository = repository.Path,
                Server = plane.Server.Address,
                Note = models.Note,
            };
            DemoReport.Write(call.Terminal, result, stays: !exit);
            call.Terminal.Document(result);
            if (!exit)
            {
                view.Say("Ctrl-C stops it.", Tone.Faint);
                await host.UntilAsync(call.Stop);
            }

            return result.Ok ? ExitCodes.Done : ExitCodes.Failed;
        }
        finally
        {
            // Commands go back to the plane that the person uses, not to one that is gone.
            new Credentials(Paths.Credentials).Forget(data.Path);
        }
    }

    private static string FreshFolder(string? asked)
    {
        if (asked is null) return Directory.CreateTempSubdirectory("muster-demo-").FullName;
        var folder = Path.GetFullPath(asked);
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new CommandException($"The folder {folder} is not empty, and the demo begins afresh.", "Name one that is new, or leave --data out.");
        return folder;
    }

    private static async Task<DeploymentInfo> DeployAsync(MusterClient muster, ProjectInfo project, IDemoView view, CancellationToken stop)
    {
        view.Say($"          everything is merged; {project.TargetBranch} goes to {DemoSetting.Environment}");
        var deployment = await muster.CreateDeploymentAsync(new CreateDeployment { Project = project.Key, Environment = DemoSetting.Environment }, ct: stop);
        return await DeployCommand.EndAsync(muster, deployment, stop);
    }

    // Asked by the demo itself, through the port that stays: the plane's word is compared, not repeated.
    private static async Task<DemoHealth?> HealthAsync(DeploymentInfo? deployment, CancellationToken stop)
    {
        if (deployment?.Url is not { } url) return null;
        var address = new Uri(new Uri(url), deployment.Definition.HealthPath);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        try
        {
            using var answer = await http.GetAsync(address, stop);
            return new DemoHealth(address.AbsoluteUri, (int)answer.StatusCode, await answer.Content.ReadAsStringAsync(stop));
        }
        catch (HttpRequestException error)
        {
            return new DemoHealth(address.AbsoluteUri, 0, error.Message);
        }
    }

    // Merged work reaches the person's repository a moment after the merge.
    private static async Task<string?> PlaneHeadAsync(MusterClient muster, ProjectInfo project, DemoRepository repository, CancellationToken stop)
    {
        var patience = Stopwatch.StartNew();
        while (true)
        {
            var head = (await muster.ListBranchesAsync(project.Key, stop)).FirstOrDefault(branch => branch.Kind == "target")?.Sha;
            if (head == await repository.HeadAsync(stop) || patience.Elapsed > TimeSpan.FromSeconds(20)) return head;
            await Task.Delay(TimeSpan.FromMilliseconds(100), stop);
        }
    }
}
