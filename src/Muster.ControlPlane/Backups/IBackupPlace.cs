namespace Muster.ControlPlane.Backups;

/// <summary>Where backups lie: named things, written whole or not at all. A name is a path with slashes.</summary>
public interface IBackupPlace
{
    /// <summary>For people; no secrets.</summary>
    string Description { get; }

    /// <summary>Writes one; there once this returns, in place of what had the name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="content">Read once, from where it stands.</param>
    /// <param name="length">Bytes that will be read.</param>
    /// <param name="ct">Ends it; then there is nothing under the name, or what was there.</param>
    Task PutAsync(string name, Stream content, long length, CancellationToken ct);

    /// <exception cref="BackupException">There is none of this name.</exception>
    Task<Stream> OpenAsync(string name, CancellationToken ct);

    IAsyncEnumerable<PlaceEntry> ListAsync(string prefix, CancellationToken ct);

    /// <summary>Harmless when there is none.</summary>
    Task DeleteAsync(string name, CancellationToken ct);
}

/// <summary>Something that lies in a place.</summary>
public readonly record struct PlaceEntry(string Name, long Size);

/// <summary>A backup cannot be made, read or brought back. The message says what to do and may be shown.</summary>
public sealed class BackupException(string message, Exception? inner = null) : Exception(message, inner);
