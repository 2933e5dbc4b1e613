using System.ComponentModel;
using System.Diagnostics;

namespace Muster.Proof.Chaos;

/// <summary>This program once more, in a network namespace of its own: needs no rights where the kernel lets anybody make one.</summary>
internal static class OwnNetwork
{
    private const string Variable = "MUSTER_PROOF_NETWORK";

    private static readonly string[] Needed = ["unshare", "ip", "tc"];

    public static bool IsHere => Environment.GetEnvironmentVariable(Variable) == "own";

    /// <param name="words">The whole command line.</param>
    /// <param name="ct">Ends it too.</param>
    /// <returns>Its exit code.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> words, CancellationToken ct)
    {
        // Who is not root keeps the own user's number, because PostgreSQL does not run as root.
        string[] flags = Environment.IsPrivilegedProcess ? ["--net"] : ["--net", "--map-current-user", "--keep-caps"];
        await RequireAsync(flags);
        var start = new ProcessStartInfo("unshare", [.. flags, "--", Environment.ProcessPath!, Child.Proof, .. words]) { UseShellExecute = false };
        start.Environment[Variable] = "own";
        using var process = Process.Start(start)!;
        await using var stop = ct.Register(() => Child.Terminate(process.Id));
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }

    private static async Task RequireAsync(string[] flags)
    {
        var missing = Needed.Where(name => !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/sbin").Append("/sbin").Any(folder => File.Exists(Path.Combine(folder, name)))).ToList();
        if (missing.Count > 0) throw new UsageException($"--packets needs {string.Join(" and ", missing)} (Debian, Ubuntu: sudo apt-get install util-linux iproute2). --network does what it can without.");
        // Changes nothing: it asks the kernel for each thing that the faults are made of, in a namespace that ends with it.
        const string probe = "ip link set lo up && ip rule add pref 5 ipproto tcp dport 1 blackhole && tc qdisc add dev lo root tbf rate 1mbit burst 9kb limit 9kb";
        try
        {
            using var process = Process.Start(new ProcessStartInfo("unshare", [.. flags, "--", "sh", "-c", probe]) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true })!;
            var complained = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            if (process.ExitCode != 0)
                throw new UsageException($"--packets needs a network namespace whose packets can be lost, and this machine gives none: {complained.Trim()}. (It takes user.max_net_namespaces and unprivileged user namespaces, and in the kernel IP_MULTIPLE_TABLES and NET_SCH_TBF.) --network does what it can without.");
        }
        catch (Win32Exception error)
        {
            throw new UsageException($"--packets needs unshare: {error.Message}");
        }
    }
}
