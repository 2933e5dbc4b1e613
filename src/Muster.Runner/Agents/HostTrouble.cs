using Muster.Runner.Git;

namespace Muster.Runner.Agents;

/// <summary>Tells what is wrong with the machine from what is wrong with a task.</summary>
internal static class HostTrouble
{
    // Numbers of the system (Linux, then macOS where it differs), which .NET passes on as they are.
    private const int NoSpace = 28;
    private const int ReadOnly = 30;
    private const int BrokenDisk = 5;
    private const int Quota = 122;
    private const int QuotaMac = 69;

    /// <summary>What is wrong and how to mend it; null when it is not known to be the machine's fault.</summary>
    public static string? Of(Exception error) => error switch
    {
        GitException { Failure: GitFailure.NotInstalled } => error.Message,
        GitException { Failure: GitFailure.DiskFull } => $"its disk is full; make room. {error.Message}",
        IOException { HResult: NoSpace or Quota or QuotaMac } => $"its disk is full; make room. {error.Message}",
        IOException { HResult: ReadOnly or BrokenDisk } => $"its disk cannot be written. {error.Message}",
        _ => null,
    };
}
