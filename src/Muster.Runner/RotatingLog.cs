using System.Text;

namespace Muster.Runner;

/// <summary>A log file of bounded size: when full it becomes <c>.1</c>, that one <c>.2</c>, and the oldest goes.</summary>
public sealed class RotatingLog(string path, TimeProvider time, long maxBytes = 5 * 1024 * 1024, int older = 2) : IDisposable
{
    private readonly Lock _gate = new();
    private FileStream? _file;
    private long _bytes;
    private long _lost;

    public void Write(string line)
    {
        lock (_gate)
        {
            try
            {
                _file ??= Open();
                if (_lost > 0) Append($"({_lost} lines before this one could not be written)");
                _lost = 0;
                Append(line);
                if (_bytes >= maxBytes) Rotate();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // A full disk must not end whoever only wanted to say something. The gap is told as soon as there is room.
                _lost++;
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _file?.Dispose();
            _file = null;
        }
    }

    private FileStream Open()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        // Unbuffered: what could not be written must not be tried again when the file is closed.
        var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _bytes = file.Length;
        return file;
    }

    private void Append(string line)
    {
        var bytes = Encoding.UTF8.GetBytes($"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {line}\n");
        _file!.Write(bytes);
        _bytes += bytes.Length;
    }

    private void Rotate()
    {
        _file?.Dispose();
        _file = null;
        for (var index = older; index > 0; index--)
        {
            var from = index == 1 ? path : $"{path}.{index - 1}";
            if (File.Exists(from)) File.Move(from, $"{path}.{index}", overwrite: true);
        }
    }
}
