using System.CommandLine;
using Muster.Demo;

namespace Muster.Commands;

internal static class DemoCommand
{
    public static Command Create()
    {
        var exit = new Option<bool>("--exit") { Description = "Stop when the plan is done and deployed; else stay up until Ctrl-C" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Approve the pull request that waits for a person" };
        var model = new Option<string?>("--model") { Description = "Ask this model, at its price, instead of the recording: a route such as smart, or PROVIDER/MODEL, as your models.yaml and keys have it", HelpName = "NAME" };
        var record = new Option<string?>("--record") { Description = "Write what the models answered to a file, to be replayed; with --model no agent is killed then", HelpName = "FILE" };
        return new Command("demo", "A crew of agents takes a small plan to merged, deployed, proven work; what models answer comes from a recording")
            .With(exit, yes, model, record).Does(call => DemoRun.RunAsync(call, call.Get(exit), call.Get(yes), new DemoModels(call.Get(model), call.Get(record))));
    }
}
