namespace Muster.ControlPlane.Backups;

/// <summary>
/// Says in a place what is under way there. Who writes a backup counts on parts that are there, who tidies up takes parts away: each
/// sets its mark and then looks for the other's, so never do both go on.
/// </summary>
internal sealed class PlaceMark : IAsyncDisposable
{
    /// <summary>A backup is being written.</summary>
    public const string Running = "running/";

    /// <summary>Parts that no backup names are being deleted.</summary>
    public const string Tidying = "tidying/";

    private readonly IBackupPlace _place;
    private readonly string _name;

    private PlaceMark(IBackupPlace place, string name) => (_place, _name) = (place, name);

    /// <param name="place">Where.</param>
    /// <param name="kind">What is under way.</param>
    /// <param name="id">Begins with the time, as a backup's does.</param>
    /// <param name="ct">Gives it up.</param>
    public static async Task<PlaceMark> SetAsync(IBackupPlace place, string kind, string id, CancellationToken ct)
    {
        var mark = new PlaceMark(place, kind + id);
        await place.PutAsync(mark._name, new MemoryStream(), 0, ct);
        return mark;
    }

    /// <summary>Whether it is under way, by anybody. A mark of before a limit was left by somebody who died.</summary>
    public static async Task<bool> AnyAsync(IBackupPlace place, string kind, DateTimeOffset since, CancellationToken ct)
    {
        var oldest = kind + At(since);
        var any = false;
        List<string> left = [];
        await foreach (var entry in place.ListAsync(kind, ct))
        {
            if (string.CompareOrdinal(entry.Name, oldest) >= 0) any = true;
            else left.Add(entry.Name);
        }

        foreach (var name in left) await place.DeleteAsync(name, ct);
        return any;
    }

    /// <summary>A time as it begins an id: ids sort by it.</summary>
    public static string At(DateTimeOffset time) => $"{time.UtcDateTime:yyyyMMdd'T'HHmmssfff'Z'}";

    public async ValueTask DisposeAsync() => await _place.DeleteAsync(_name, CancellationToken.None);
}
