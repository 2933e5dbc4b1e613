using Dapper;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Sqlite;

namespace Muster.ControlPlane.Tests.Storage;

/// <summary>Statements for many rows: what is given arrives, whatever its length, and a row is found again by its place.</summary>
public sealed class RowsStatementTests
{
    private static readonly RowsStatement Insert = new(
        """
        INSERT INTO tools (name, version)
        SELECT r.name, r.version FROM {rows}
        """, "name", "version#");

    [Fact]
    public void What_is_inserted_needs_no_copy_of_the_pages_on_the_embedded_engine() =>
        Assert.Equal("INSERT INTO tools (name, version) VALUES (?1, ?2)", SqliteRowsRunner.Spell(Insert).ReplaceLineEndings(" ").Trim());

    [Fact]
    public async Task Texts_of_every_length_arrive_as_they_were_given()
    {
        await using var plane = await TestPlane.StartAsync();
        var texts = new[] { "", "a", new string('ä', 5000), "\ud83d\ude00", new string('x', 1_000_000), null, new string('漢', 100_000), "after" };
        var ids = texts.Select(_ => Ids.New()).ToArray();
        await plane.Store.WriteAsync(tx =>
        {
            foreach (var id in ids) tx.Execute("INSERT INTO hosts (id, name, cores, memory_bytes, capacity, health, created_at) VALUES (@id, @id, 1, 1, 1, 'healthy', 0)", new { id });
            tx.Rows(new RowsStatement("UPDATE hosts SET system = r.text, name = r.name FROM {rows} WHERE hosts.id = r.id", "text", "name", "id"), null, texts, ids.Select(id => "host " + id).ToArray(), ids);
        });

        var rows = await plane.Store.ReadAsync(c => c.QueryAsync<(string Id, string Name, string? What)>("SELECT id, name, system FROM hosts ORDER BY id"));

        Assert.Equal(ids.Zip(texts, (id, text) => (id, "host " + id, text)).OrderBy(r => r.id, StringComparer.Ordinal), rows.OrderBy(r => r.Id, StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_row_is_found_again_by_its_place_in_the_same_commit()
    {
        await using var plane = await TestPlane.StartAsync();
        var read = new RowsStatement("SELECT {place h}, h.name FROM {rows} CROSS JOIN hosts h WHERE h.id = r.id", "id");
        var change = new RowsStatement("UPDATE hosts SET system = r.text FROM {rows} WHERE {place hosts} = r.place", "place", "text");
        var ids = Enumerable.Range(0, 50).Select(_ => Ids.New()).ToArray();
        await plane.Store.WriteAsync(tx =>
        {
            foreach (var id in ids) tx.Execute("INSERT INTO hosts (id, name, cores, memory_bytes, capacity, health, created_at) VALUES (@id, @id, 1, 1, 1, 'healthy', 0)", new { id });
            var places = new List<(string Place, string Name)>();
            tx.Rows(read, r => places.Add((r.Text(0), r.Text(1))), ids[10..20]);
            tx.Rows(change, null, places.Select(p => p.Place).ToArray(), places.Select(p => "changed " + p.Name).ToArray());
        });

        var changed = await plane.Store.ReadAsync(c => c.QueryAsync<(string Id, string What)>("SELECT id, system FROM hosts WHERE system IS NOT NULL"));

        Assert.Equal(ids[10..20].Order(StringComparer.Ordinal).Select(id => (id, "changed " + id)), changed.OrderBy(r => r.Id, StringComparer.Ordinal));
    }

    /// <summary>A server is told of such changes later; what is asked and counted meanwhile is as if it had been at once.</summary>
    [Fact]
    public async Task What_is_asked_after_changes_of_one_row_sees_them_all()
    {
        await using var plane = await TestPlane.StartAsync();
        var (one, two) = (Ids.New(), Ids.New());
        var (name, count, changed, rows) = await plane.Store.WriteAsync(tx =>
        {
            foreach (var id in new[] { one, two }) tx.ExecuteOne(Host, new { id });
            tx.ExecuteOne("UPDATE hosts SET name = @name WHERE id = @id", new { name = "first", id = one });
            var read = tx.QueryFirst<string>("SELECT name FROM hosts WHERE id = @one", new { one });
            tx.ExecuteOne("UPDATE hosts SET system = NULL, capacity = 7 WHERE id = @two", new { two });
            var counted = tx.QueryFirst<int>("SELECT COUNT(*) FROM hosts WHERE id IN @all", new { all = new[] { one, two } });
            tx.ExecuteOne("UPDATE hosts SET capacity = 8 WHERE id = @one", new { one });
            var executed = tx.Execute("UPDATE hosts SET version = 'x' WHERE id IN @all", new { all = new[] { one, two } });
            tx.ExecuteOne("UPDATE hosts SET cores = 3 WHERE id = @one", new { one });
            tx.ExecuteOne("DELETE FROM hosts WHERE id = @two", new { two });
            List<string> found = [];
            tx.Rows(new RowsStatement("SELECT h.id FROM {rows} CROSS JOIN hosts h WHERE h.id = r.id", "id"), r => found.Add(r.Text(0)), new[] { one, two });
            return (read, counted, executed, found);
        });
        Assert.Equal(("first", 2, 2), (name, count, changed));
        Assert.Equal([one], rows);
        Assert.Equal(("first", 8, 3, "x"), await plane.Store.ReadAsync(c => c.QuerySingleAsync<(string, int, int, string)>("SELECT name, capacity, cores, version FROM hosts WHERE id = @one", new { one })));
    }

    [Theory]
    [InlineData("UPDATE hosts SET capacity = 9 WHERE id = 'nobody'")]
    [InlineData("UPDATE hosts SET capacity = 9")]
    [InlineData("DELETE FROM hosts WHERE id = 'nobody'")]
    [InlineData("INSERT INTO hosts (id, name, cores, memory_bytes, capacity, health, created_at) SELECT id || '2', name || '2', 1, 1, 1, 'healthy', 0 FROM hosts")]
    [InlineData("INSERT INTO hosts (id, name, cores, memory_bytes, capacity, health, created_at) VALUES ('a', 'b', 1, 1, -1, 'healthy', 0)")]
    public async Task A_change_of_one_row_that_changes_another_number_of_them_undoes_its_operation_and_no_other(string wrong)
    {
        await using var plane = await TestPlane.StartAsync();
        await plane.Store.WriteAsync(tx =>
        {
            foreach (var id in new[] { "one", "two" }) tx.ExecuteOne(Host, new { id });
        });

        var others = Enumerable.Range(0, 40).Select(n => plane.Store.WriteAsync(tx => tx.ExecuteOne(Host, new { id = $"other {n}" }))).ToList();
        await Assert.ThrowsAnyAsync<Exception>(() => plane.Store.WriteAsync(tx =>
        {
            tx.ExecuteOne(Host, new { id = "undone" });
            tx.ExecuteOne(wrong);
            tx.Emit("custom.undone", "never");
        }));
        await Task.WhenAll(others);

        Assert.Equal(42, await plane.Store.ReadAsync(c => c.QuerySingleAsync<int>("SELECT COUNT(*) FROM hosts WHERE capacity = 1")));
        Assert.Equal(0, await plane.Store.ReadAsync(c => c.QuerySingleAsync<int>("SELECT COUNT(*) FROM hosts WHERE id IN ('undone', 'a')")));
        Assert.Equal(0, await plane.Store.ReadAsync(c => c.QuerySingleAsync<int>("SELECT COUNT(*) FROM events WHERE type = 'custom.undone'")));
    }

    private const string Host = "INSERT INTO hosts (id, name, cores, memory_bytes, capacity, health, created_at) VALUES (@id, @id, 1, 1, 1, 'healthy', 0)";
}
