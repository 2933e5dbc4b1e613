using System.Security.Cryptography;
using Muster.ControlPlane.Backups;
using Muster.Integrations.S3;

namespace Muster.Conformance.Backups;

/// <summary>What every place for backups must do.</summary>
public abstract class BackupPlaceTests
{
    protected abstract Task<IBackupPlace> OpenAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    public async Task What_is_put_is_got(int size)
    {
        var place = await OpenAsync();
        var bytes = RandomNumberGenerator.GetBytes(size);
        await PutAsync(place, "parts/ab/abc", bytes);
        Assert.Equal(bytes, await GetAsync(place, "parts/ab/abc"));
        await PutAsync(place, "parts/ab/abc", [1, 2, 3]);
        Assert.Equal([1, 2, 3], await GetAsync(place, "parts/ab/abc"));
    }

    [Fact]
    public async Task What_is_large_goes_too()
    {
        var place = await OpenAsync();
        var bytes = RandomNumberGenerator.GetBytes(70 * 1024 * 1024);
        await PutAsync(place, "parts/cd/large", bytes);
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await GetAsync(place, "parts/cd/large")));
    }

    [Fact]
    public async Task What_is_below_a_prefix_is_listed_with_its_size_and_nothing_else()
    {
        var place = await OpenAsync();
        var names = Enumerable.Range(0, 25).Select(i => $"parts/{i:x2}/p{i}").ToList();
        foreach (var (name, i) in names.Select((name, i) => (name, i))) await PutAsync(place, name, new byte[i]);
        await PutAsync(place, "backups/one.json", [1]);
        var listed = new List<PlaceEntry>();
        await foreach (var entry in place.ListAsync("parts/", default)) listed.Add(entry);
        Assert.Equal(names.Select((name, i) => new PlaceEntry(name, i)), listed.OrderBy(e => e.Name, StringComparer.Ordinal));
        listed.Clear();
        await foreach (var entry in place.ListAsync("nothing/", default)) listed.Add(entry);
        Assert.Empty(listed);
    }

    [Fact]
    public async Task What_is_missing_is_said_by_name_and_may_be_deleted()
    {
        var place = await OpenAsync();
        Assert.Contains("parts/no/none", (await Assert.ThrowsAsync<BackupException>(() => GetAsync(place, "parts/no/none"))).Message, StringComparison.Ordinal);
        await place.DeleteAsync("parts/no/none", default);
        await PutAsync(place, "parts/no/none", [1]);
        await place.DeleteAsync("parts/no/none", default);
        await Assert.ThrowsAsync<BackupException>(() => GetAsync(place, "parts/no/none"));
    }

    [Fact]
    public async Task What_breaks_off_is_not_there()
    {
        var place = await OpenAsync();
        await using var broken = new BreakingStream(40 * 1024 * 1024);
        await Assert.ThrowsAsync<IOException>(() => place.PutAsync("parts/br/broken", broken, 80 * 1024 * 1024, default));
        await Assert.ThrowsAsync<BackupException>(() => GetAsync(place, "parts/br/broken"));
        await foreach (var entry in place.ListAsync("parts/", default)) Assert.Fail(entry.Name);
    }

    protected static Task PutAsync(IBackupPlace place, string name, byte[] bytes) => place.PutAsync(name, new MemoryStream(bytes), bytes.Length, default);

    protected static async Task<byte[]> GetAsync(IBackupPlace place, string name)
    {
        await using var stream = await place.OpenAsync(name, default);
        var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes);
        return bytes.ToArray();
    }

    /// <summary>A disk that fails half-way.</summary>
    private sealed class BreakingStream(long good) : Stream
    {
        private long _read;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => _read; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (_read >= good) throw new IOException("The disk broke.");
            _read += count;
            return count;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

public sealed class FolderPlaceTests : BackupPlaceTests, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("muster-place-").FullName;

    [Fact]
    public async Task Nobody_else_may_read_it()
    {
        await PutAsync(await OpenAsync(), "parts/ab/abc", [1]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "place/parts/ab/abc")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(_folder, "place/parts")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    protected override Task<IBackupPlace> OpenAsync() => Task.FromResult<IBackupPlace>(new FolderPlace(Path.Combine(_folder, "place")));
}

public sealed class S3PlaceTests : BackupPlaceTests, IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _ends = [];
    private FakeBucket? _bucket;

    [Theory]
    [InlineData(503)]
    [InlineData(429)]
    [InlineData(0)]
    public async Task A_server_that_is_busy_or_cuts_the_line_is_asked_again(int status)
    {
        var place = await OpenAsync();
        _bucket!.Fail(times: 2, status);
        await PutAsync(place, "parts/ab/abc", [1, 2, 3]);
        Assert.Equal([1, 2, 3], await GetAsync(place, "parts/ab/abc"));
        Assert.Equal(2, _bucket.Failed);
    }

    [Fact]
    public async Task A_key_that_is_wrong_is_said_to_be()
    {
        await OpenAsync();
        using var other = new S3Place(_bucket!.Address, new S3Keys(FakeBucket.Keys.Id, "not the secret"), TimeProvider.System);
        var refused = await Assert.ThrowsAsync<BackupException>(() => PutAsync(other, "parts/ab/abc", [1]));
        Assert.Contains("AWS_SECRET_ACCESS_KEY", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("not the secret", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_bucket.Objects);
    }

    [Fact]
    public async Task An_upload_in_parts_that_fails_leaves_nothing_behind()
    {
        var place = await OpenAsync();
        _bucket!.RefusePart = 2;
        await Assert.ThrowsAsync<BackupException>(() => PutAsync(place, "parts/cd/large", new byte[70 * 1024 * 1024]));
        Assert.Equal((0, 0), (_bucket.Objects.Count, _bucket.Uploads.Count));
    }

    [Fact]
    public async Task An_answer_that_stops_half_way_is_not_waited_for_for_ever()
    {
        await PutAsync(await OpenAsync(), "parts/ab/abc", new byte[100_000]);
        _bucket!.Stalls = true;
        using var hurried = new S3Place(_bucket.Address, FakeBucket.Keys, new HurriedTime());
        Assert.Contains("in the middle of an answer", (await Assert.ThrowsAsync<BackupException>(() => GetAsync(hurried, "parts/ab/abc"))).Message, StringComparison.Ordinal);
    }

    /// <summary>Its timers ring sixty times too early.</summary>
    private sealed class HurriedTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => base.CreateTimer(callback, state, dueTime / 60, period);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var end in _ends) await end.DisposeAsync();
    }

    protected override async Task<IBackupPlace> OpenAsync()
    {
        _bucket = await FakeBucket.StartAsync();
        _ends.Add(_bucket);
        return new S3Place(_bucket.Address, FakeBucket.Keys, TimeProvider.System);
    }
}
