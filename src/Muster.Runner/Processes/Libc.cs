using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Muster.Runner.Processes;

/// <summary>The few calls of the C library that .NET has no method for. Numbers are the same on Linux and macOS.</summary>
internal static partial class Libc
{
    public const int SigKill = 9;
    public const int SigTerm = 15;

    /// <summary>Sends a signal to one process. False when there is none, or it is not ours.</summary>
    public static bool Signal(int pid, int signal) => pid > 1 && Kill(pid, signal) == 0;

    /// <summary>Sends a signal to every process of a group. False when the group is empty.</summary>
    public static bool SignalGroup(int group, int signal) => group > 1 && Kill(-group, signal) == 0;

    /// <summary>Opens without waiting for whoever holds the other end, should it be a pipe. Null when it cannot be opened.</summary>
    public static SafeFileHandle? OpenForReading(string path)
    {
        // O_RDONLY | O_NONBLOCK | O_CLOEXEC
        var flags = OperatingSystem.IsMacOS() ? 0x4 | 0x1000000 : 0x800 | 0x80000;
        var descriptor = Open(path, flags);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);
}
