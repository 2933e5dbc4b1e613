namespace Muster.ControlPlane.Backups;

/// <summary>Says in a place that a backup is being written there, so that nobody tidies up below it.</summary>
internal sealed class RunningMark : IAsyncDisposable
{
    private const string Folder = "running/";

    private readonly IBackupPlace _place;
    private readonly string _name;

    private RunningMark(IBackupPlace place, string id) => (_place, _name) = (place, Folder + id);

    public static async Task<RunningMark> SetAsync(IBackupPlace place, string id, CancellationToken ct)
    {
        var mark = new RunningMark(place, id);
        await place.PutAsync(mark._name, new MemoryStream(), 0, ct);
        return mark;
    }

    /// <summary>Whether one is being written, by anybody. A mark of before a limit was left by somebody who died.</summary>
    public static async Task<bool> AnyAsync(IBackupPlace place, DateTimeOffset since, CancellationToken ct)
    {
        var oldest = $"{Folder}{since:yyyyMMdd'T'HHmmssfff'Z'}";
        var any = false;
        List<string> left = [];
        await foreach (var entry in place.ListAsync(Folder, ct))
        {
            if (string.CompareOrdinal(entry.Name, oldest) >= 0) any = true;
            else left.Add(entry.Name);
        }

        foreach (var name in left) await place.DeleteAsync(name, ct);
        return any;
    }

    public async ValueTask DisposeAsync() => await _place.DeleteAsync(_name, CancellationToken.None);
}
