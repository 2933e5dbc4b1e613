namespace Muster.Runner.Tools;

/// <summary>
/// Watches what a process and all below it use. In a process namespace of their own nothing below can leave the tree: what loses its
/// parent becomes a child of the namespace's first.
/// </summary>
internal sealed class TreeWatch : IDisposable
{
    public const int MostProcesses = 100;
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);
    private static readonly long PageBytes = Environment.SystemPageSize;

    private readonly int _root;
    private readonly long _mostBytes;
    private readonly Action _over;
    private readonly Timer _timer;
    private int _told;

    public TreeWatch(int root, long mostBytes, Action over)
    {
        (_root, _mostBytes, _over) = (root, mostBytes, over);
        _timer = new Timer(_ => Look(), null, Period, Period);
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>Processes of the tree and the bytes of memory they have in use.</summary>
    internal static (int Processes, long Bytes) Measure(int root)
    {
        var all = Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(name => Read(int.Parse(name!))).OfType<Seen>().ToLookup(seen => seen.Parent);
        var (processes, bytes) = (0, 0L);
        var below = new Queue<int>([root]);
        while (below.TryDequeue(out var parent))
        {
            foreach (var child in all[parent])
            {
                processes++;
                bytes += child.Bytes;
                below.Enqueue(child.Pid);
            }
        }

        return (processes, bytes);
    }

    private void Look()
    {
        var (processes, bytes) = Measure(_root);
        if ((processes > MostProcesses || bytes > _mostBytes) && Interlocked.Exchange(ref _told, 1) == 0) _over();
    }

    // "12 (name) S 1 ...": the name may hold anything, so what is behind the last bracket is read. 22 fields on is the resident size in pages.
    private static Seen? Read(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return new Seen(pid, int.Parse(fields[1]), long.Parse(fields[21]) * PageBytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It ended while we looked.
            return null;
        }
    }

    private sealed record Seen(int Pid, int Parent, long Bytes);
}
