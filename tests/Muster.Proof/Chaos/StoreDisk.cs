using Muster.Conformance.Servers;

namespace Muster.Proof.Chaos;

/// <summary>The disk that the store of a run has for itself, and that is full now and then. What a plane kept on it stays where it was mounted.</summary>
internal sealed class StoreDisk : IAsyncDisposable
{
    private readonly SmallDisk _disk;
    private readonly string _place;
    private readonly bool _kept;

    private StoreDisk(SmallDisk disk, string place, bool kept) => (_disk, _place, _kept) = (disk, place, kept);

    public SmallDisk Disk => _disk;

    /// <summary>What is done when there is room again, such as starting a server that ended for want of it.</summary>
    public Func<Task>? Relieved { get; set; }

    /// <summary>Under the data folder of the plane, or for a server in a place that its user can come to.</summary>
    public static StoreDisk Mount(ChaosOptions options)
    {
        // A task with its history takes up to 20 KiB of the embedded store, twice that of a server with its log. A plane with less than 500 MiB is not well.
        if (!options.Postgres)
        {
            var data = Path.Combine(options.Folder, "data");
            return new StoreDisk(Small(data, Megabytes(640 + options.Effects / 50)), data, kept: true);
        }

        var place = Path.Combine(Path.GetTempPath(), $"muster-chaos-disk-{Environment.ProcessId}");
        return new StoreDisk(Small(place, Megabytes(384 + options.Effects / 25)), place, kept: false);
    }

    /// <summary>Takes the room, for so long.</summary>
    public async Task FillAsync(long butFor, TimeSpan time)
    {
        _disk.Fill(butFor);
        try
        {
            await Task.Delay(time);
        }
        finally
        {
            _disk.MakeRoom();
        }

        if (Relieved is { } relieved) await relieved();
    }

    public async ValueTask DisposeAsync()
    {
        // What is on it may be evidence, and goes with it.
        var aside = _place + ".kept";
        if (_kept) Copy(_place, aside);
        await _disk.DisposeAsync();
        Directory.Delete(_place);
        if (_kept) Directory.Move(aside, _place);
    }

    private static SmallDisk Small(string folder, string size) =>
        SmallDisk.TryMount(folder, size, out var problem) ?? throw new UsageException($"--disk needs a disk that can be full, and none can be mounted here: {problem}.");

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from).Where(f => !f.EndsWith(".sock", StringComparison.Ordinal))) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (var folder in Directory.GetDirectories(from)) Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
    }

    private static string Megabytes(int count) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{count}m");
}
