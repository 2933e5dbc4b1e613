using System.Data.Common;
using Dapper;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Backups;

/// <summary>What a move copied and compared. The target is still unfinished: its first opening begins its life.</summary>
public sealed record Moved(int Schema, long EventSeq, IReadOnlyList<TableCompared> Tables)
{
    public long Rows => Tables.Sum(t => t.TargetRows);
}

/// <summary>
/// Copies every row of a store into an empty one, on the same engine or the other, and compares them one by one. The source
/// is only read. The target is marked before its first row: a move that was ended half-way is seen, and begins anew.
/// </summary>
public sealed class MoveStore(IRowEngine source, IRowEngine target)
{
    public async Task<Moved> RunAsync(Action<string> progress, CancellationToken ct)
    {
        await using var sourceHeld = await source.HoldAsync(filling: false, ct);
        await using var targetHeld = await target.HoldAsync(filling: true, ct);
        await using var from = await source.OpenSnapshotAsync(ct);
        await RefuseServedAsync(from, ct);
        var schema = Migrations.Read(from).Version;
        if (schema > Migrations.Known) throw new StoreUnusableException(StoreCodes.Newer, $"{source.Description} has schema {schema} and this Muster knows {Migrations.Known}. Move it with the release that wrote it.");
        var seq = await HeadAsync(from);
        var tables = StoreTables.InOrder(await source.TablesAsync(from, ct));

        await target.ReserveAsync($"A move of the store {source.Description}", ct);
        progress($"{target.Description} is taken, and marked as unfinished");
        await target.LoadAsync(schema, async sink =>
        {
            RequireSame(tables, sink.Tables);
            foreach (var table in tables)
            {
                await sink.WriteAsync(table, table.Columns, TableRows.ReadAsync(from, table, ct), ct);
                progress($"copied: {table.Name}");
            }
        }, ct);

        await using var to = await target.OpenSnapshotAsync(ct, filling: true);
        List<TableCompared> compared = [];
        foreach (var table in tables)
        {
            compared.Add(await StoreCompare.RunAsync(from, to, table, ct));
            progress($"compared: {compared[^1]}");
        }

        List<string> faults = [.. compared.Where(t => !t.IsSame).Select(t => $"{t}"), .. await target.IntegrityAsync(to, ct), .. (await StoreCheck.RunAsync(to)).Select(f => $"{f}")];
        if (faults.Count > 0) throw new BackupException($"The target is not what the source is, and stays unfinished. {string.Join(" ", faults)}");
        progress($"every rule holds ({StoreCheck.Count})");
        await RefuseChangedAsync(seq, ct);
        return new Moved(schema, seq, compared);
    }

    /// <summary>A plane that was held up and goes on would write into a store that everybody has left.</summary>
    private async Task RefuseChangedAsync(long seq, CancellationToken ct)
    {
        await using var now = await source.OpenSnapshotAsync(ct);
        await RefuseServedAsync(now, ct);
        if (await HeadAsync(now) != seq) throw new BackupException($"Somebody wrote into {source.Description} while it was moved. Stop every plane and run the move again.");
    }

    private async Task RefuseServedAsync(DbConnection connection, CancellationToken ct)
    {
        var planes = await source.ServedByAsync(connection, ct);
        if (planes.Count > 0) throw new BackupException($"{source.Description} is served by {string.Join(", ", planes)}. Stop every plane first; one that was killed counts as gone after {Planes.GoneAfter.TotalSeconds:0} seconds.");
    }

    private static Task<long> HeadAsync(DbConnection connection) => connection.QuerySingleAsync<long>("SELECT seq FROM event_head");

    private static void RequireSame(IReadOnlyList<StoreTable> source, IReadOnlyList<StoreTable> target)
    {
        var columns = target.ToDictionary(t => t.Name, t => t.Columns.ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);
        foreach (var table in source)
        {
            if (!columns.Remove(table.Name, out var known)) throw new BackupException($"The source has a table '{table.Name}' that the schema does not know. Look whose it is, and take it out.");
            if (!known.SetEquals(table.Columns)) throw new BackupException($"The table '{table.Name}' has other columns than its schema says. Run: muster store check");
        }

        if (columns.Count > 0) throw new BackupException($"The source lacks the tables {string.Join(", ", columns.Keys)}. Run: muster store migrate");
    }
}
