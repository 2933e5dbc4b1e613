using System.Text;
using System.Text.Json;

namespace Muster.Proof.Checking;

/// <summary>
/// The append-only file in which one process writes what it tried and what was acknowledged. Acknowledgements are flushed
/// to the disk before they are built upon, by one flush for all that wait.
/// </summary>
public sealed class Ledger : IAsyncDisposable
{
    private readonly FileStream _file;
    private readonly Lock _gate = new();
    private readonly Timer _flusher;
    private List<TaskCompletionSource> _waiting = [];
    private long _calls;

    public Ledger(string path)
    {
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _flusher = new Timer(_ => Flush(), null, TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(20));
    }

    public long NextCall() => Interlocked.Increment(ref _calls);

    /// <summary>Written, so that a kill of this process cannot take it back; on the disk with the next flush.</summary>
    public void Note(params IReadOnlyList<Entry> entries)
    {
        var text = new StringBuilder();
        foreach (var entry in entries) text.Append(JsonSerializer.Serialize(entry)).Append('\n');
        var bytes = Encoding.UTF8.GetBytes(text.ToString());
        lock (_gate) _file.Write(bytes);
    }

    /// <summary>Written and flushed.</summary>
    public Task KeepAsync(params IReadOnlyList<Entry> entries)
    {
        Note(entries);
        var flushed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate) _waiting.Add(flushed);
        return flushed.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await _flusher.DisposeAsync();
        Flush();
        await _file.DisposeAsync();
    }

    /// <summary>Reads a file; the last line of a killed process may be cut off, and then was not acknowledged to anybody.</summary>
    public static async Task<List<Entry>> ReadAsync(string path)
    {
        var text = await File.ReadAllTextAsync(path);
        var whole = text.LastIndexOf('\n') + 1;
        return [.. text[..whole].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<Entry>(line)!)];
    }

    private void Flush()
    {
        List<TaskCompletionSource> waiting;
        lock (_gate)
        {
            if (_waiting.Count == 0) return;
            (waiting, _waiting) = (_waiting, []);
        }

        _file.Flush(flushToDisk: true);
        foreach (var one in waiting) one.SetResult();
    }
}
