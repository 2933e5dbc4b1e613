using System.ComponentModel;
using System.Diagnostics;

namespace Muster.Conformance.Servers;

/// <summary>A disk of a few megabytes in memory, which a test can fill to its last block.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    private string Filler => System.IO.Path.Combine(Path, "filler");

    /// <summary>Lays one over a folder; where that may not be done, the test is left out and says so.</summary>
    /// <param name="folder">Where, made if it is not there.</param>
    /// <param name="size">How large, such as <c>16m</c>.</param>
    public static async Task<SmallDisk> MountAsync(string folder, string size)
    {
        Directory.CreateDirectory(folder);
        if (await RunAsync("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", folder) is { } problem) Assert.Skip($"NOT PROVED that a full disk does no harm: no small disk can be mounted here: {problem}.");
        return new SmallDisk(folder);
    }

    /// <summary>Takes all the room there is.</summary>
    /// <param name="butFor">Bytes that are left.</param>
    public void Fill(long butFor = 0)
    {
        var block = new byte[4096];
        try
        {
            using var stream = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            for (var left = new DriveInfo(Path).AvailableFreeSpace - butFor; butFor == 0 || left > 0; left -= block.Length) stream.Write(block);
        }
        catch (IOException)
        {
            // That was the last of the room.
        }
    }

    /// <summary>Gives the room back.</summary>
    public void MakeRoom() => File.Delete(Filler);

    // Lazily: a program that a failed test has left is ended after this.
    public async ValueTask DisposeAsync() => await RunAsync("umount", "-l", Path);

    private static async Task<string?> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
            var error = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? null : error.Trim();
        }
        catch (Win32Exception missing)
        {
            return missing.Message;
        }
    }
}
