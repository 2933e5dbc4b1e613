using Muster.Contracts.Events;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Work;

/// <summary>The projects as they were at the last commit that changed one, for whoever gives tasks out.</summary>
public sealed class ProjectDirectory
{
    private readonly Lock _gate = new();
    private IReadOnlyDictionary<string, ProjectRow>? _known;
    private long _version;

    public ProjectDirectory(Store store) => store.Listen(committed =>
    {
        if (!committed.Signals.Any(s => s is LookAgain) && !committed.Events.Any(e => e.Type is EventTypes.ProjectCreated or EventTypes.ProjectUpdated or EventTypes.ProjectDeleted)) return;
        lock (_gate)
        {
            _version++;
            _known = null;
        }
    });

    /// <summary>By id.</summary>
    public IReadOnlyDictionary<string, ProjectRow> All(StoreTransaction tx)
    {
        long version;
        lock (_gate)
        {
            if (_known is not null) return _known;
            version = _version;
        }

        // What an open transaction has written may yet be undone, and a change that was committed while we read would be lost.
        var untouched = tx.Writes == 0;
        var read = tx.Query<ProjectRow>(ProjectRow.Select).ToDictionary(p => p.Id, StringComparer.Ordinal);
        lock (_gate)
            if (untouched && version == _version) _known = read;
        return read;
    }

    /// <summary>Whether a project is known to be paused; unknown ones are taken for running.</summary>
    public bool IsPaused(string id)
    {
        lock (_gate) return _known is not null && _known.TryGetValue(id, out var project) && project.Paused;
    }
}
