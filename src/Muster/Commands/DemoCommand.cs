using System.CommandLine;
using Muster.Demo;

namespace Muster.Commands;

internal static class DemoCommand
{
    public static Command Create()
    {
        var exit = new Option<bool>("--exit") { Description = "Stop when the plan is done and deployed; else stay up until Ctrl-C" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Approve the pull request that waits for a person" };
        return new Command("demo", "A crew of rehearsal agents takes a small plan to merged, deployed, proven work")
            .With(exit, yes).Does(call => DemoRun.RunAsync(call, call.Get(exit), call.Get(yes)));
    }
}
