namespace Muster.Runner.Processes;

/// <summary>
/// Starts a program as the leader of a session and group of its own: .NET cannot ask for that, <c>setsid</c> can, and execs
/// in place, so that the process id stays. macOS has no setsid program but has perl.
/// </summary>
internal static class OwnSession
{
    private const string PerlScript = "use POSIX; POSIX::setsid(); exec { $ARGV[0] } @ARGV or exit 127;";

    private static readonly string? Setsid = Find("setsid");
    private static readonly string? Perl = Find("perl");

    public static (string Program, IEnumerable<string> Arguments) Wrap(string program, IEnumerable<string> arguments)
    {
        if (Setsid is not null) return (Setsid, ["--", program, .. arguments]);
        if (Perl is not null) return (Perl, ["-e", PerlScript, "--", program, .. arguments]);
        throw new ProgramNotFoundException("setsid", "Neither setsid nor perl is installed; one of them is needed to end a program with all it started. Install util-linux.");
    }

    private static string? Find(string name) =>
        new[] { "/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin" }.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
