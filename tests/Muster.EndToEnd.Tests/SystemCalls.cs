using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Muster.EndToEnd.Tests;

/// <summary>What a program asked of the kernel, in order, as strace saw it.</summary>
internal sealed partial class SystemCalls
{
    private const string Traced = "trace=fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg,read,recvfrom,recvmsg";

    private readonly IReadOnlyList<SystemCall> _calls;

    private SystemCalls(IReadOnlyList<SystemCall> calls) => _calls = calls;

    /// <summary>The command that a program is to be started below; it keeps the program's process id.</summary>
    public static string[] Below(string file) => ["strace", "-D", "-f", "-q", "-y", "-ttt", "-s", "8192", "-e", Traced, "-e", "signal=none", "-o", file, "--"];

    /// <summary>Why strace cannot be used here; null when it can.</summary>
    public static async Task<string?> ProblemAsync()
    {
        try
        {
            using var probe = Process.Start(new ProcessStartInfo("strace", ["-D", "-f", "-o", "/dev/null", "--", "true"]) { RedirectStandardError = true, UseShellExecute = false })!;
            var error = await probe.StandardError.ReadToEndAsync();
            await probe.WaitForExitAsync();
            return probe.ExitCode == 0 ? null : $"strace may not trace here: {error.Trim()}";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "strace is not installed";
        }
    }

    public static async Task<SystemCalls> ReadAsync(string file)
    {
        var calls = new List<SystemCall>();
        var unfinished = new Dictionary<string, SystemCall>(StringComparer.Ordinal);
        var position = 0;
        await foreach (var line in File.ReadLinesAsync(file))
        {
            position++;
            if (Resumed().Match(line) is { Success: true } resumed)
            {
                if (!unfinished.Remove(resumed.Groups["pid"].Value, out var begun)) continue;
                calls.Add(begun with { End = position, Text = begun.Text + resumed.Groups["rest"].Value });
            }
            else if (Begun().Match(line) is { Success: true } match)
            {
                var call = new SystemCall(match.Groups["name"].Value, match.Groups["rest"].Value, position, position);
                if (call.Text.EndsWith("<unfinished ...>", StringComparison.Ordinal)) unfinished[match.Groups["pid"].Value] = call;
                else calls.Add(call);
            }
        }

        // One that never came back was begun all the same.
        calls.AddRange(unfinished.Values.Select(call => call with { End = int.MaxValue }));
        return new SystemCalls([.. calls.OrderBy(call => call.Begin)]);
    }

    /// <summary>The first call of these names after a point in the order that speaks of all the given texts.</summary>
    public SystemCall? First(int after, string[] names, params string[] texts) => _calls.FirstOrDefault(call =>
        call.Begin > after && names.Contains(call.Name, StringComparer.Ordinal) && texts.All(text => call.Text.Contains(text, StringComparison.Ordinal)));

    [GeneratedRegex(@"^(?<pid>\d+)\s+[\d.]+ (?<name>\w+)\((?<rest>.*)$", RegexOptions.None, 5000)]
    private static partial Regex Begun();

    [GeneratedRegex(@"^(?<pid>\d+)\s+[\d.]+ <\.\.\. \w+ resumed>(?<rest>.*)$", RegexOptions.None, 5000)]
    private static partial Regex Resumed();
}

/// <summary>One call; begin and end are positions in the order of what strace saw.</summary>
internal sealed record SystemCall(string Name, string Text, int Begin, int End);
