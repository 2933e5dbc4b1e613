namespace Muster.Runner.Processes;

/// <summary>A lock between processes on this machine. The operating system gives it back when its holder dies.</summary>
internal static class FileLock
{
    public static async Task<IDisposable> TakeAsync(string path, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        while (true)
        {
            if (TryTake(path) is { } held) return held;
            // flock has no asynchronous wait; held times are those of one git command.
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(5, 30)), cancellation);
        }
    }

    /// <summary>The lock, or null when somebody else holds it.</summary>
    public static IDisposable? TryTake(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }
}
