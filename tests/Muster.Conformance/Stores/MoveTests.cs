using System.Data.Common;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Conformance.Servers;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Postgres;
using Muster.Integrations.Sqlite;

namespace Muster.Conformance.Stores;

/// <summary>A store moved to the other engine and back: every row compared, the source as it was, and no half of one taken for a whole.</summary>
[Trait("req", "B11")]
public sealed class MoveTests : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private string? _address;

    [Fact]
    public async Task There_and_back_every_table_has_the_same_rows_and_the_source_is_as_it_was()
    {
        var (first, last) = (await FilledAsync("first"), new SqliteRows(Folder("last")));
        await using var server = new PostgresRows(PostgresAddress.Parse(_address = await SharedPostgres.DatabaseAsync()));
        var before = await RowsAsync(first);
        var there = await new MoveStore(first, server).RunAsync(_ => { }, default);
        Assert.Equal(before, await RowsAsync(first));
        Assert.Equal(2000, there.Tables.Single(t => t.Name == "events").TargetRows);
        Assert.All(there.Tables, t => Assert.True(t.IsSame, $"{t}"));

        // Until it has begun its own life nobody serves it, saves it or moves it on.
        var address = PostgresAddress.Parse(_address!);
        Assert.Equal(StoreCodes.Unfinished, (await Assert.ThrowsAsync<StoreUnusableException>(() => PostgresStore.OpenAsync(address, TimeProvider.System, NullLogger.Instance))).Code);
        Assert.Equal(StoreCodes.Unfinished, (await Assert.ThrowsAsync<StoreUnusableException>(() => new MoveStore(server, last).RunAsync(_ => { }, default))).Code);
        await using (var opened = await PostgresStore.OpenAsync(address, TimeProvider.System, NullLogger.Instance, filling: true))
        {
            await opened.WriteAsync(Unfinished.End);
            // While a plane serves it, it stays where it is.
            var served = await Assert.ThrowsAsync<BackupException>(() => new MoveStore(server, last).RunAsync(_ => { }, default));
            Assert.Contains(Environment.MachineName, served.Message, StringComparison.Ordinal);
        }

        var back = await new MoveStore(server, last).RunAsync(_ => { }, default);
        Assert.Equal(there.Tables.Select(t => (t.Name, t.TargetRows, t.TargetSha256)), back.Tables.Select(t => (t.Name, t.TargetRows, t.TargetSha256)));
        Assert.Equal(before, await RowsAsync(last, filling: true));
    }

    [Theory]
    [InlineData("postgres")]
    [InlineData("sqlite")]
    public async Task Ended_at_any_step_it_begins_anew_and_is_whole_at_the_end(string to)
    {
        var source = await FilledAsync("first");
        IRowEngine target = to == "sqlite" ? new SqliteRows(Folder("last")) : new PostgresRows(PostgresAddress.Parse(_address = await SharedPostgres.DatabaseAsync()));
        for (var ended = 1; ; ended++)
        {
            var step = 0;
            try
            {
                var moved = await new MoveStore(source, target).RunAsync(_ => { if (++step == ended) throw new OperationCanceledException($"ended at step {step}"); }, default);
                Assert.True(ended > 2 * moved.Tables.Count, $"Only {ended} steps");
                Assert.All(moved.Tables, t => Assert.True(t.IsSame, $"{t}"));
                break;
            }
            catch (OperationCanceledException)
            {
                Assert.Equal(StoreCodes.Unfinished, (await Assert.ThrowsAsync<StoreUnusableException>(() => target.OpenSnapshotAsync(default))).Code);
            }
        }

        // Whole, it is not written over.
        await using (Store opened = to == "sqlite" ? SqliteStore.Open(Folder("last"), TimeProvider.System, NullLogger.Instance, filling: true) : await PostgresStore.OpenAsync(PostgresAddress.Parse(_address!), TimeProvider.System, NullLogger.Instance, filling: true))
            await opened.WriteAsync(Unfinished.End);
        Assert.Contains("already", (await Assert.ThrowsAsync<BackupException>(() => new MoveStore(source, target).RunAsync(_ => { }, default))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_that_does_not_arrive_as_it_was_is_named_and_the_target_stays_unfinished()
    {
        var source = await FilledAsync("first");
        var target = new SqliteRows(Folder("last"));
        var found = await Assert.ThrowsAsync<BackupException>(() => new MoveStore(source, new Bent(target)).RunAsync(_ => { }, default));
        Assert.Contains("'events' are not the same: 2000 here, 2000 there; the first that differs has the key 77", found.Message, StringComparison.Ordinal);
        Assert.Equal(StoreCodes.Unfinished, Assert.Throws<StoreUnusableException>(() => SqliteStore.Open(Folder("last"), TimeProvider.System, NullLogger.Instance)).Code);
    }

    [Fact]
    public async Task What_is_not_empty_or_not_ours_is_left_alone()
    {
        var source = await FilledAsync("first");
        var text = await SharedPostgres.DatabaseAsync();
        var address = PostgresAddress.Parse(text);
        await using (var other = new Npgsql.NpgsqlConnection(address.ConnectionString(pooled: false)))
        {
            await other.OpenAsync();
            await other.ExecuteAsync("CREATE TABLE customers (id int PRIMARY KEY); INSERT INTO customers VALUES (1);");
            await using var target = new PostgresRows(address);
            Assert.Contains("'customers'", (await Assert.ThrowsAsync<BackupException>(() => new MoveStore(source, target).RunAsync(_ => { }, default))).Message, StringComparison.Ordinal);
            Assert.Equal(1, await other.QuerySingleAsync<long>("SELECT count(*) FROM customers"));
        }

        await File.WriteAllTextAsync(Path.Combine(Folder("last"), "muster.db"), "no database");
        await Assert.ThrowsAsync<BackupException>(() => new MoveStore(source, new SqliteRows(Folder("last"))).RunAsync(_ => { }, default));
        Assert.Equal("no database", await File.ReadAllTextAsync(Path.Combine(Folder("last"), "muster.db")));
    }

    public void Dispose() => _folder.Dispose();

    private string Folder(string name) => Directory.CreateDirectory(_folder.File(name)).FullName;

    private async Task<SqliteRows> FilledAsync(string name)
    {
        await using var store = SqliteStore.Open(Folder(name), TimeProvider.System, NullLogger.Instance);
        await store.WriteAsync(tx =>
        {
            for (var i = 0; i < 2000; i++) tx.Emit("custom.odd", $"{i}: tab\t, \\N, \\., quote \" ' , line\nnext\r, 漢字, \U0001F600", data: new { i, half = i / 2.0, none = (string?)null });
        });
        return new SqliteRows(Folder(name));
    }

    private static async Task<List<string>> RowsAsync(IRowEngine rows, bool filling = false)
    {
        await using var snapshot = await rows.OpenSnapshotAsync(default, filling);
        List<string> all = [];
        foreach (var table in StoreTables.InOrder(await rows.TablesAsync(snapshot, default)).Where(t => t.Name != "meta"))
            all.AddRange((await snapshot.QueryAsync($"SELECT * FROM {table.Name} ORDER BY {string.Join(", ", table.Key)}")).Select(row => $"{table.Name}: {string.Join('|', (IDictionary<string, object?>)row)}"));
        return all;
    }

    /// <summary>An engine that writes one row otherwise than it was told.</summary>
    private sealed class Bent(IRowEngine inner) : IRowEngine
    {
        public string Name => inner.Name;

        public bool IsEmbedded => inner.IsEmbedded;

        public string Description => inner.Description;

        public Task<DbConnection> OpenSnapshotAsync(CancellationToken ct, bool filling = false) => inner.OpenSnapshotAsync(ct, filling);

        public Task<IReadOnlyList<StoreTable>> TablesAsync(DbConnection connection, CancellationToken ct) => inner.TablesAsync(connection, ct);

        public Task<IReadOnlyList<string>> IntegrityAsync(DbConnection connection, CancellationToken ct) => inner.IntegrityAsync(connection, ct);

        public Task<IReadOnlyList<string>> ServedByAsync(DbConnection connection, CancellationToken ct) => inner.ServedByAsync(connection, ct);

        public Task<IAsyncDisposable> HoldAsync(bool filling, CancellationToken ct) => inner.HoldAsync(filling, ct);

        public Task<SchemaChange> MigrateAsync(CancellationToken ct) => inner.MigrateAsync(ct);

        public Task ReserveAsync(string what, CancellationToken ct) => inner.ReserveAsync(what, ct);

        public Task LoadAsync(int schema, Func<IRowSink, Task> fill, CancellationToken ct) => inner.LoadAsync(schema, sink => fill(new BentSink(sink)), ct);
    }

    private sealed class BentSink(IRowSink inner) : IRowSink
    {
        public IReadOnlyList<StoreTable> Tables => inner.Tables;

        public Task WriteAsync(StoreTable table, IReadOnlyList<string> columns, IAsyncEnumerable<object?[]> rows, CancellationToken ct) =>
            inner.WriteAsync(table, columns, table.Name == "events" ? BendAsync(rows, columns.ToList().IndexOf("text")) : rows, ct);

        private static async IAsyncEnumerable<object?[]> BendAsync(IAsyncEnumerable<object?[]> rows, int text)
        {
            await foreach (var row in rows)
            {
                if (row[0] is 77L) row[text] += " ";
                yield return row;
            }
        }
    }
}
