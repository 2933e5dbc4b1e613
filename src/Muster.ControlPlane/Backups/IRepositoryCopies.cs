namespace Muster.ControlPlane.Backups;

/// <summary>Where the refs of a repository stand.</summary>
/// <param name="ObjectFormat">sha1 or sha256.</param>
/// <param name="Head">The ref that HEAD names.</param>
/// <param name="Refs">Commit id, blank, name; sorted.</param>
public sealed record RepositoryRefs(string ObjectFormat, string Head, IReadOnlyList<string> Refs)
{
    public bool IsSame(RepositoryRefs other) => Head == other.Head && Refs.SequenceEqual(other.Refs, StringComparer.Ordinal);
}

/// <summary>The objects of a repository on disk: whole packs by their path, and the ids of those that lie loose.</summary>
public sealed record RepositoryObjects(IReadOnlyList<string> Packs, IReadOnlyList<string> Loose);

/// <summary>What a backup needs of the mirrors, and how it makes them again.</summary>
public interface IRepositoryCopies
{
    /// <summary>Projects that have one.</summary>
    IReadOnlyList<string> List();

    /// <summary>Null when it has gone.</summary>
    Task<RepositoryRefs?> RefsAsync(string projectId, CancellationToken ct);

    RepositoryObjects Objects(string projectId);

    /// <summary>Packs loose objects into a file in a folder; answers its path. Null when one of them has been tidied away meanwhile.</summary>
    Task<string?> PackAsync(string projectId, IReadOnlyList<string> loose, string folder, CancellationToken ct);

    /// <summary>Makes a repository of packs and refs; every object is hashed again and every ref must lead to objects that are there.</summary>
    /// <param name="projectId">Whose it is.</param>
    /// <param name="refs">Where its refs stand.</param>
    /// <param name="packs">Names, and how to read them.</param>
    /// <param name="ct">Ends it.</param>
    Task RestoreAsync(string projectId, RepositoryRefs refs, IReadOnlyList<(string Name, Func<Task<Stream>> Open)> packs, CancellationToken ct);

    /// <summary>Those of some commits that are not there.</summary>
    Task<IReadOnlyList<string>> MissingAsync(string projectId, IReadOnlyCollection<string> commits, CancellationToken ct);
}
