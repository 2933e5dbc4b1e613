using System.Text;
using Microsoft.Win32.SafeHandles;
using Muster.Runner.Processes;

namespace Muster.Runner.Builtin.Tools;

/// <summary>Reads and writes regular files of bounded size. A pipe or a device in the place of one is refused, not waited for.</summary>
internal static class Files
{
    public const long MaxBytes = 10 * 1024 * 1024;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="ToolFailureException">It is not a file of text, or too long.</exception>
    public static async Task<string> ReadAsync(string full, string name, CancellationToken cancellation)
    {
        await using var stream = Open(full, name);
        if (stream.Length > MaxBytes) throw new ToolFailureException($"'{name}' has {stream.Length} bytes, which is too long to be read; use search or shell on parts of it.");
        var bytes = new byte[stream.Length];
        var read = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation);
        if (bytes.AsSpan(0, Math.Min(read, 8192)).Contains((byte)0)) throw new ToolFailureException($"'{name}' is not a file of text.");
        try
        {
            return Strict.GetString(bytes, 0, read);
        }
        catch (DecoderFallbackException)
        {
            throw new ToolFailureException($"'{name}' is not UTF-8 text.");
        }
    }

    public static FileStream Open(string full, string name)
    {
        SafeFileHandle? handle = null;
        try
        {
            // Without waiting: a pipe that nobody writes to would hold an ordinary open for ever.
            handle = OperatingSystem.IsWindows() ? File.OpenHandle(full) : Libc.OpenForReading(full);
            if (handle is null) throw new ToolFailureException($"'{name}' cannot be read.");
            var stream = new FileStream(handle, FileAccess.Read);
            if (!stream.CanSeek) throw new ToolFailureException($"'{name}' is not a regular file.");
            return stream;
        }
        catch
        {
            handle?.Dispose();
            throw;
        }
    }

    /// <summary>Writes beside and puts in place, keeping the mode: what reads it meanwhile sees the old or the new, and no link is followed.</summary>
    public static async Task WriteAsync(string full, string content, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var beside = $"{full}.{Guid.CreateVersion7():n}.new";
        try
        {
            await File.WriteAllTextAsync(beside, content, cancellation);
            if (!OperatingSystem.IsWindows() && File.Exists(full)) File.SetUnixFileMode(beside, File.GetUnixFileMode(full));
            File.Move(beside, full, overwrite: true);
        }
        finally
        {
            File.Delete(beside);
        }
    }
}
