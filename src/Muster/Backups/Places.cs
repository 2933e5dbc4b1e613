using Muster.ControlPlane.Backups;
using Muster.Hosting;
using Muster.Integrations.S3;

namespace Muster.Backups;

/// <summary>Where backups lie, as people write it.</summary>
internal static class Places
{
    public const string Help = "A folder, or s3://BUCKET/PREFIX";

    /// <exception cref="CommandException">It is no place, or the key to it is not given.</exception>
    public static IBackupPlace Open(string place)
    {
        if (S3Address.IsOne(place)) return new S3Place(S3Address.Parse(place), Keys(), TimeProvider.System);
        if (place.Contains("://", StringComparison.Ordinal)) throw new CommandException($"'{place}' is no place for backups.", $"{Help}?endpoint=https://HOST&region=REGION") { Code = ExitCodes.BadUsage };
        return new FolderPlace(place);
    }

    /// <summary>A place that must be there; one that is misspelt is said so, and not taken for an empty one.</summary>
    public static IBackupPlace OpenExisting(string place)
    {
        if (!place.Contains("://", StringComparison.Ordinal) && !Directory.Exists(place))
            throw new CommandException($"There is no folder {Path.GetFullPath(place)}.", $"Name the place that backups were made to. {Help}.") { Code = ExitCodes.BadUsage };
        return Open(place);
    }

    private static S3Keys Keys() => new(Required("AWS_ACCESS_KEY_ID"), Required("AWS_SECRET_ACCESS_KEY"), Secret.FromEnvironment("AWS_SESSION_TOKEN"));

    private static string Required(string name) => Secret.FromEnvironment(name)
        ?? throw new CommandException($"{name} is not set.", $"Set {name}, or {name}_FILE to the path of a file that holds it.") { Code = ExitCodes.BadUsage };
}
