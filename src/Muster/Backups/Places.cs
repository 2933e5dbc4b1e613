using Muster.ControlPlane.Backups;

namespace Muster.Backups;

/// <summary>Where backups lie, as people write it.</summary>
internal static class Places
{
    public const string Help = "A folder, or s3://BUCKET/PREFIX";

    /// <exception cref="CommandException">It is no place.</exception>
    public static IBackupPlace Open(string place) => new FolderPlace(place);

    /// <summary>The folder of an existing place; one that is misspelt is said so, and not an empty one.</summary>
    public static IBackupPlace OpenExisting(string place)
    {
        if (!place.Contains("://", StringComparison.Ordinal) && !Directory.Exists(place))
            throw new CommandException($"There is no folder {Path.GetFullPath(place)}.", $"Name the place that backups were made to. {Help}.") { Code = ExitCodes.BadUsage };
        return Open(place);
    }
}
