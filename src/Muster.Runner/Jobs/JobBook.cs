using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Delivery;

namespace Muster.Runner.Jobs;

/// <summary>
/// The jobs in hand, on disk, with their leases: a daemon that was killed cannot hand them back, so the next one does. Without
/// that they would wait until their leases run out.
/// </summary>
internal sealed class JobBook(HostFolders folders, Action<string> notice)
{
    private readonly string _file = Path.Combine(folders.Root, "jobs.json");
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Note> _notes = new(StringComparer.Ordinal);

    public void Add(ClaimedJob claimed)
    {
        lock (_gate)
        {
            _notes[claimed.Job.Id] = new Note(claimed.Job.Id, claimed.Lease);
            Save();
        }
    }

    public void Remove(string jobId)
    {
        lock (_gate)
        {
            if (_notes.Remove(jobId)) Save();
        }
    }

    /// <summary>What the daemon before this one had in hand when it ended. Read once, before anything is added.</summary>
    public IReadOnlyList<Note> Leftovers()
    {
        try
        {
            return JsonSerializer.Deserialize<List<Note>>(File.ReadAllText(_file), Wire.Json) ?? [];
        }
        catch (Exception error) when (error is FileNotFoundException or JsonException)
        {
            // Nothing was in hand, or a file cut short: the leases then run out by themselves.
            return [];
        }
    }

    /// <summary>Forgets what the daemon before this one had in hand.</summary>
    public void Clear() => File.Delete(_file);

    // A lease is a credential, so nobody else may read it.
    private void Save()
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            using (var stream = new FileStream(_file + ".new", options)) JsonSerializer.Serialize(stream, _notes.Values, Wire.Json);
            File.Move(_file + ".new", _file, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The work goes on; only a daemon that is killed now leaves its jobs to their leases.
            notice($"the jobs in hand could not be written down: {error.Message}");
        }
    }

    /// <summary>One job and the right to it.</summary>
    internal sealed record Note(string JobId, string Lease);
}
