using System.Globalization;
using Muster.Contracts;

namespace Muster.ControlPlane.Backups;

/// <summary>How the backups that the plane makes stand. Kept in memory; what is in the place is the truth, and is read at the start.</summary>
public sealed class BackupState(TimeProvider time)
{
    private readonly Lock _gate = new();
    private TimeSpan? _every;
    private DateTimeOffset _since;
    private DateTimeOffset? _newest;
    private string? _fault;

    /// <summary>Begin of the newest finished backup.</summary>
    public DateTimeOffset? Newest
    {
        get { lock (_gate) return _newest; }
    }

    internal void Begin(TimeSpan every)
    {
        lock (_gate) (_every, _since) = (every, time.GetUtcNow());
    }

    /// <summary>Another plane makes them, and knows how they stand.</summary>
    internal void LeaveToOthers()
    {
        lock (_gate) (_every, _newest, _fault) = (null, null, null);
    }

    internal void Succeeded(DateTimeOffset at)
    {
        lock (_gate) (_newest, _fault) = (at, null);
    }

    internal void Failed(string why)
    {
        lock (_gate) _fault = why;
    }

    /// <summary>Null when the plane makes none. Degraded when the last try failed or the newest is twice as old as it should become.</summary>
    public HealthPart? Health()
    {
        lock (_gate)
        {
            if (_every is not { } every) return null;
            var newest = _newest is { } at ? $"The newest backup is of {at.ToString("u", CultureInfo.InvariantCulture)}" : "There is no backup yet";
            if (_fault is { } fault) return new HealthPart { Name = "backup", Status = "degraded", Detail = $"The last backup failed: {fault} {newest}." };
            return time.GetUtcNow() - (_newest ?? _since) > every * 2
                ? new HealthPart { Name = "backup", Status = "degraded", Detail = $"{newest}; one should be made every {every}. Look into plane.log." }
                : new HealthPart { Name = "backup", Status = "healthy", Detail = newest };
        }
    }
}
