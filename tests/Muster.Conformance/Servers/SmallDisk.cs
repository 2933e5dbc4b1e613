using System.Runtime.InteropServices;

namespace Muster.Conformance.Servers;

/// <summary>A disk of a few megabytes in memory, which a test can fill to its last block.</summary>
public sealed partial class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    private string Filler => System.IO.Path.Combine(Path, "filler");

    /// <summary>Lays one over a folder; where that may not be done, the test is left out and says so.</summary>
    /// <param name="folder">Where, made if it is not there.</param>
    /// <param name="size">How large, such as <c>16m</c>.</param>
    public static SmallDisk Mount(string folder, string size)
    {
        var disk = TryMount(folder, size, out var problem);
        if (disk is null) Assert.Skip($"NOT PROVED that a full disk does no harm: no small disk can be mounted here: {problem}.");
        return disk;
    }

    /// <summary>The same, or null and why it may not be done.</summary>
    public static SmallDisk? TryMount(string folder, string size, out string problem)
    {
        Directory.CreateDirectory(folder);
        var done = Mount("tmpfs", folder, "tmpfs", 0, $"size={size}") == 0;
        problem = done ? "" : Marshal.GetLastPInvokeErrorMessage();
        return done ? new SmallDisk(folder) : null;
    }

    /// <summary>Takes all the room there is.</summary>
    /// <param name="butFor">Bytes that are left.</param>
    public void Fill(long butFor = 0)
    {
        var block = new byte[1 << 16];
        try
        {
            using var stream = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            for (var left = butFor == 0 ? long.MaxValue : new DriveInfo(Path).AvailableFreeSpace - butFor; left > 0; left -= block.Length) stream.Write(block, 0, (int)Math.Min(left, block.Length));
        }
        catch (IOException)
        {
            // That was the last of the room.
        }
    }

    /// <summary>Gives the room back.</summary>
    public void MakeRoom() => File.Delete(Filler);

    public ValueTask DisposeAsync()
    {
        // A program that a failed test has left may still use it; it is gone when that has ended.
        const int detach = 2;
        if (Unmount(Path, detach) != 0) throw new IOException($"{Path} cannot be unmounted: {Marshal.GetLastPInvokeErrorMessage()}");
        return ValueTask.CompletedTask;
    }

    // Not the programs of these names: they want root, where the kernel asks for no more than a namespace of one's own.
    [LibraryImport("libc", EntryPoint = "mount", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Mount(string source, string target, string kind, nuint flags, string options);

    [LibraryImport("libc", EntryPoint = "umount2", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Unmount(string target, int flags);
}
