using System.Diagnostics;

namespace Muster.Proof.Chaos;

/// <summary>
/// The network of a run that has one for itself: the kernel loses what is sent, so that connections hang and go on instead of
/// being ended. Everything is in it, also the harness.
/// </summary>
internal sealed class PacketNetwork(Func<IReadOnlyList<int>> ports)
{
    /// <summary>Before the table of local addresses, which is moved behind.</summary>
    private const string First = "5";

    private enum Fault
    {
        /// <summary>Too narrow for what is sent: single packets are lost.</summary>
        Narrow,

        /// <summary>Nothing gets anywhere.</summary>
        Down,

        /// <summary>What is sent to one of the programs is lost; what it says arrives.</summary>
        Deaf,

        /// <summary>What one of the programs says is lost; what is sent to it arrives.</summary>
        Mute,
    }

    /// <summary>Makes the network of this process one in which something can be done to packets.</summary>
    public static async Task PrepareAsync()
    {
        await RunAsync("ip", "link", "set", "lo", "up");
        // As on a real wire: else whole messages travel as one packet.
        await RunAsync("ip", "link", "set", "lo", "mtu", "1500");
        await RunAsync("ip", "rule", "add", "pref", "10", "lookup", "local");
        await RunAsync("ip", "rule", "del", "pref", "0");
    }

    /// <summary>One fault, for so long.</summary>
    public async Task DisturbAsync(Random random, TimeSpan time)
    {
        try
        {
            switch ((Fault)random.Next(4))
            {
                case Fault.Narrow:
                    var room = $"{random.Next(4, 30)}kb";
                    await RunAsync("tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", $"{random.Next(1, 9)}mbit", "burst", room, "limit", room);
                    break;
                case Fault.Down:
                    await RunAsync("ip", "link", "set", "lo", "down");
                    break;
                case Fault.Deaf:
                    await LoseAsync("dport", random);
                    break;
                default:
                    await LoseAsync("sport", random);
                    break;
            }

            await Task.Delay(time);
        }
        finally
        {
            await MendAsync();
        }
    }

    /// <summary>Whatever was done to it is undone.</summary>
    private static async Task MendAsync()
    {
        await RunAsync("ip", "link", "set", "lo", "up");
        if ((await RunAsync("tc", "qdisc", "show", "dev", "lo")).Contains("tbf", StringComparison.Ordinal)) await RunAsync("tc", "qdisc", "del", "dev", "lo", "root");
        if ((await RunAsync("ip", "rule", "list", "pref", First)).Length > 0) await RunAsync("ip", "rule", "del", "pref", First);
    }

    private Task LoseAsync(string direction, Random random)
    {
        var all = ports();
        return RunAsync("ip", "rule", "add", "pref", First, "ipproto", "tcp", direction, $"{all[random.Next(all.Count)]}", "blackhole");
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (said, complained) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? (await said).Trim() : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {(await complained).Trim()}");
    }
}
