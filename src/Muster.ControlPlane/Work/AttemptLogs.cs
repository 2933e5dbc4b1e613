using System.Text;
using Muster.Contracts.Work;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Work;

/// <summary>
/// What attempts print: one file each in the data folder, appended by offset so that a piece sent twice stands once,
/// cut at a limit, removed by age.
/// </summary>
public sealed class AttemptLogs(ControlPlaneOptions options)
{
    /// <summary>Bytes of one attempt's log; what comes after is left out and said to be.</summary>
    public const long Limit = 5 * 1024 * 1024;

    public const int PieceLimit = 256 * 1024;

    private const string Cut = "\n[muster: the log's limit is reached; the rest is left out]\n";

    private readonly Lock _gate = new();
    private readonly string _folder = Path.Combine(options.Common, "logs");

    /// <summary>Appends a piece; answers where the next one starts.</summary>
    public LogText Append(string assignmentId, AppendLog piece)
    {
        var bytes = Encoding.UTF8.GetBytes(Clean(piece.Text));
        lock (_gate)
        {
            Directory.CreateDirectory(_folder);
            using var file = new FileStream(PathOf(assignmentId), FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
            var size = file.Length;
            if (size >= Limit) return new LogText { Text = "", Next = piece.Offset + bytes.Length, Truncated = true };
            if (piece.Offset > size) throw Refusal.Conflict($"The log has {size} bytes; send the piece that starts there.");
            var known = (int)Math.Min(bytes.Length, size - piece.Offset);
            var fresh = bytes.AsSpan(known);
            file.Seek(0, SeekOrigin.End);
            if (size + fresh.Length <= Limit) file.Write(fresh);
            else
            {
                file.Write(fresh[..(int)(Limit - size)]);
                file.Write(Encoding.UTF8.GetBytes(Cut));
            }

            return new LogText { Text = "", Next = size + fresh.Length, Truncated = size + fresh.Length > Limit };
        }
    }

    public LogText Read(string assignmentId, long from, int limit)
    {
        var path = PathOf(assignmentId);
        if (!File.Exists(path)) return new LogText { Text = "", Next = 0, Truncated = false };
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Seek(Math.Clamp(from, 0, file.Length), SeekOrigin.Begin);
        var buffer = new byte[(int)Math.Min(limit, file.Length - file.Position)];
        file.ReadExactly(buffer);
        return new LogText { Text = Encoding.UTF8.GetString(buffer), Next = file.Position, Truncated = file.Length > Limit };
    }

    /// <summary>Removes logs that nobody has written to since a time.</summary>
    public int Prune(DateTime before)
    {
        if (!Directory.Exists(_folder)) return 0;
        var old = Directory.EnumerateFiles(_folder, "*.log").Where(f => File.GetLastWriteTimeUtc(f) < before).ToList();
        foreach (var file in old) File.Delete(file);
        return old.Count;
    }

    private string PathOf(string assignmentId) => Path.Combine(_folder, assignmentId + ".log");

    /// <summary>Output is data: no null characters, and no lone surrogates that would change its length on the way.</summary>
    private static string Clean(string text) => text.Replace("\0", "\ufffd", StringComparison.Ordinal);
}
