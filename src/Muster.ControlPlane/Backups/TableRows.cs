using System.Data.Common;
using System.Runtime.CompilerServices;

namespace Muster.ControlPlane.Backups;

/// <summary>The rows of a table that belong to the store, in the order of its key.</summary>
internal static class TableRows
{
    /// <summary>Each row is the same array, filled anew.</summary>
    public static async IAsyncEnumerable<object?[]> ReadAsync(DbConnection connection, StoreTable table, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {string.Join(", ", table.Columns)} FROM {table.Name} ORDER BY {string.Join(", ", table.Key)}";
        command.CommandTimeout = 0;
        await using var reader = await command.ExecuteReaderAsync(ct);
        var row = new object?[table.Columns.Count];
        while (await reader.ReadAsync(ct))
        {
            reader.GetValues(row!);
            if (StoreTables.IsOwn(table.Name, row)) continue;
            for (var i = 0; i < row.Length; i++)
                if (row[i] is DBNull) row[i] = null;
            yield return row;
        }
    }
}
