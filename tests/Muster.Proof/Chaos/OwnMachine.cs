using System.ComponentModel;
using System.Diagnostics;

namespace Muster.Proof.Chaos;

/// <summary>This program once more, with a network and disks that nobody else sees: needs no rights where the kernel lets anybody have them.</summary>
internal static class OwnMachine
{
    private const string Variable = "MUSTER_PROOF_MACHINE";
    private const string Packets = "--packets";
    private const string Disk = "--disk";

    public static bool IsHere => Environment.GetEnvironmentVariable(Variable) == "own";

    /// <summary>Whether faults are asked for that nobody else may see.</summary>
    public static bool IsNeeded(IReadOnlyList<string> words) => Asks(words, Packets) || Asks(words, Disk);

    /// <param name="words">The whole command line, of which <c>--packets</c> and <c>--disk</c> say what is needed.</param>
    /// <param name="ct">Ends it too.</param>
    /// <returns>Its exit code.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> words, CancellationToken ct)
    {
        var flags = new List<string>();
        // Who is not root keeps the own user's number, because PostgreSQL does not run as root.
        if (!Environment.IsPrivilegedProcess) flags.AddRange(["--map-current-user", "--keep-caps"]);
        if (Asks(words, Packets))
        {
            flags.Add("--net");
            // It asks the kernel for each thing that the faults are made of, in a namespace that ends with it.
            await RequireAsync(Packets, "a network namespace whose packets can be lost", "user.max_net_namespaces and unprivileged user namespaces, and in the kernel IP_MULTIPLE_TABLES and NET_SCH_TBF", " --network does what it can without.",
                flags, "ip link set lo up && ip rule add pref 5 ipproto tcp dport 1 blackhole && tc qdisc add dev lo root tbf rate 1mbit burst 9kb limit 9kb", "unshare", "ip", "tc");
        }

        if (Asks(words, Disk))
        {
            flags.Add("--mount");
            await RequireAsync(Disk, "a disk that can be full", "user.max_mnt_namespaces and unprivileged user namespaces", "", flags, "true", "unshare");
        }

        var start = new ProcessStartInfo("unshare", [.. flags, "--", Environment.ProcessPath!, Child.Proof, .. words]) { UseShellExecute = false };
        start.Environment[Variable] = "own";
        using var process = Process.Start(start)!;
        await using var stop = ct.Register(() => Child.Terminate(process.Id));
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }

    private static bool Asks(IReadOnlyList<string> words, string option) => words.Contains(option, StringComparer.Ordinal);

    private static async Task RequireAsync(string option, string what, string takes, string instead, List<string> flags, string probe, params string[] programs)
    {
        var missing = programs.Where(name => !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/sbin").Append("/sbin").Any(folder => File.Exists(Path.Combine(folder, name)))).ToList();
        if (missing.Count > 0) throw new UsageException($"{option} needs {string.Join(" and ", missing)} (Debian, Ubuntu: sudo apt-get install util-linux iproute2).{instead}");
        try
        {
            using var process = Process.Start(new ProcessStartInfo("unshare", [.. flags, "--", "sh", "-c", probe]) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true })!;
            var complained = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            if (process.ExitCode != 0) throw new UsageException($"{option} needs {what}, and this machine gives none: {complained.Trim()}. (It takes {takes}.){instead}");
        }
        catch (Win32Exception error)
        {
            throw new UsageException($"{option} needs unshare: {error.Message}");
        }
    }
}
