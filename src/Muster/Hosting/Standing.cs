using Muster.Commands;
using Muster.Connections;
using Muster.Terminals;

namespace Muster.Hosting;

/// <summary><c>muster up</c> and <c>muster serve</c>: a plane, with or without a host, until it is told to stop.</summary>
internal static class Standing
{
    public static async Task RunAsync(Call call, string url, Adapters adapters, bool withHost, int? capacity)
    {
        ListenAddress.RequireFree(new Uri(url));
        using var data = DataFolder.Open(call.Get(Globals.Data) ?? Paths.DefaultData);
        using var log = new PlaneLog(data.Logs, call.Get(Globals.Verbose), onTerminal: true);
        await using var plane = await RunningPlane.StartAsync(data, url, adapters, log, call.Stop);
        await using var host = withHost ? RunningHost.Beside(plane, data, capacity, log) : null;
        Welcome(call.Terminal, plane, new Uri(url), data, withHost, await plane.SignInLinkAsync(call.Stop));
        if (host is null) await Task.Delay(Timeout.Infinite, call.Stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        else await host.UntilAsync(call.Stop);
        call.Terminal.Note(withHost ? "Stopping: agents hand in what they have." : "Stopping.");
    }

    private static void Welcome(Terminal terminal, RunningPlane plane, Uri listens, DataFolder data, bool withHost, string link)
    {
        var server = plane.Server;
        terminal.DocumentLine(new { address = server.Address, data = data.Path, store = plane.Store, credentials = Paths.Credentials, pid = server.Pid, signIn = link, token = plane.FirstStart ? server.Token : null });
        terminal.Line($"Muster is up at {server.Address}", Tone.Strong);
        terminal.Line($"dashboard    {link}  (signs in once, within 15 minutes; another: muster open)");
        terminal.Line($"data         {data.Path}");
        terminal.Line($"store        {plane.Store}");
        terminal.Line($"API          {server.Address}/docs");
        if (plane.FirstStart) terminal.Line($"owner token  {server.Token}  (shown this once; kept in {Paths.Credentials})");
        if (!listens.IsLoopback) terminal.Line($"It listens on {listens.Host}, beyond this machine, without TLS: put it behind a VPN or a proxy that has it.", Tone.Warn);
        terminal.Line();
        terminal.Line("Next, in another terminal:");
        if (!withHost) terminal.Line("  muster host                                     run agents on this machine");
        terminal.Line("  muster project add PATH --push-back             a git repository of yours");
        terminal.Line("  muster agent add NAME --executor claude-code    whoever does the work; `muster doctor` says what is there");
        terminal.Line("  muster ask \"WHAT YOU WANT\" --project KEY        or: muster plan import PLAN.md, muster task add TITLE");
        terminal.Line("  muster watch                                    tasks and agents as they move");
        terminal.Line("Ctrl-C stops it.", Tone.Faint);
    }
}
