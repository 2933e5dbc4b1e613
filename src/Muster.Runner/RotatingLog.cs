namespace Muster.Runner;

/// <summary>A log file of bounded size: when full it becomes <c>.1</c>, that one <c>.2</c>, and the oldest goes.</summary>
public sealed class RotatingLog(string path, TimeProvider time, long maxBytes = 5 * 1024 * 1024, int older = 2) : IDisposable
{
    private readonly Lock _gate = new();
    private StreamWriter? _writer;
    private long _bytes;

    public void Write(string line)
    {
        lock (_gate)
        {
            var text = $"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {line}\n";
            _writer ??= Open();
            _writer.Write(text);
            _bytes += text.Length;
            if (_bytes >= maxBytes) Rotate();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _writer?.Dispose();
            _writer = null;
        }
    }

    private StreamWriter Open()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var writer = new StreamWriter(path, append: true) { AutoFlush = true };
        _bytes = writer.BaseStream.Length;
        return writer;
    }

    private void Rotate()
    {
        _writer?.Dispose();
        _writer = null;
        for (var index = older; index > 0; index--)
        {
            var from = index == 1 ? path : $"{path}.{index - 1}";
            if (File.Exists(from)) File.Move(from, $"{path}.{index}", overwrite: true);
        }
    }
}
