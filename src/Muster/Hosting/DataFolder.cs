using System.Globalization;
using Muster.Connections;

namespace Muster.Hosting;

/// <summary>The data folder of a plane, held so that no second plane opens it. The operating system lets go when the process dies.</summary>
internal sealed class DataFolder : IDisposable
{
    private readonly FileStream _lock;

    private DataFolder(string path, FileStream held) => (Path, _lock) = (path, held);

    public string Path { get; }

    public string Logs => System.IO.Path.Combine(Path, "logs");

    public string Host => System.IO.Path.Combine(Path, "host");

    public string Roles => System.IO.Path.Combine(Path, "roles");

    /// <summary>Makes the folder when it is not there and takes it.</summary>
    /// <exception cref="CommandException">It cannot be written, or another plane has it.</exception>
    public static DataFolder Open(string folder)
    {
        var path = System.IO.Path.GetFullPath(folder);
        try
        {
            SecretFile.CreateFolder(path);
            var held = Take(System.IO.Path.Combine(path, "plane.lock")) ?? throw Taken(path);
            // Beside the lock, because a locked file cannot be read by others on every system.
            File.WriteAllText(PidFile(path), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return new DataFolder(path, held);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new CommandException($"The data folder {path} cannot be written: {error.Message}", "Give another one with --data DIR (or MUSTER_DATA), or mend its rights.");
        }
    }

    /// <summary>Process id of the plane that holds a folder now; null when none does.</summary>
    public static int? Holder(string folder)
    {
        var file = System.IO.Path.Combine(folder, "plane.lock");
        if (!File.Exists(file)) return null;
        using var held = Take(file);
        return held is null ? ReadPid(folder) ?? 0 : null;
    }

    public void Dispose()
    {
        File.Delete(PidFile(Path));
        _lock.Dispose();
    }

    private static FileStream? Take(string file)
    {
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
        }
        catch (IOException error) when (File.Exists(file) && error is not (FileNotFoundException or DirectoryNotFoundException))
        {
            return null;
        }
    }

    private static CommandException Taken(string path) => new(
        $"Another plane{(ReadPid(path) is { } pid ? $" (process {pid})" : "")} uses the data folder {path}.",
        "Stop it first, or give this one another folder: --data DIR.");

    private static int? ReadPid(string folder)
    {
        try
        {
            return int.TryParse(File.ReadAllText(PidFile(folder)).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : null;
        }
        catch (IOException)
        {
            // It is only for people; the lock says the truth.
            return null;
        }
    }

    private static string PidFile(string folder) => System.IO.Path.Combine(folder, "plane.pid");
}
