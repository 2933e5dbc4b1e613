using System.Buffers;
using System.Data.Common;
using System.Security.Cryptography;

namespace Muster.ControlPlane.Backups;

/// <summary>
/// Writes the tables of one moment as parts. A part ends where the key of a row says so, not after so many rows: rows that
/// come and go change the parts around them, and all others are found again in the next backup and not sent again.
/// </summary>
internal static class StoreDump
{
    /// <summary>Bytes, uncompressed: below the first no part ends, at the second every one does.</summary>
    private const int Least = 256 * 1024;
    private const int Most = 8 * 1024 * 1024;

    /// <summary>One row in so many ends a part, once it is long enough.</summary>
    private const uint Ends = 256;

    public static async Task<IReadOnlyList<TableBackup>> WriteAsync(IRowEngine engine, DbConnection snapshot, Func<byte[], Task<Part>> put, CancellationToken ct)
    {
        List<TableBackup> tables = [];
        foreach (var table in StoreTables.InOrder(await engine.TablesAsync(snapshot, ct))) tables.Add(await WriteAsync(snapshot, table, put, ct));
        return tables;
    }

    private static async Task<TableBackup> WriteAsync(DbConnection snapshot, StoreTable table, Func<byte[], Task<Part>> put, CancellationToken ct)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var lines = new ArrayBufferWriter<byte>(Least);
        var key = table.Columns.ToList().IndexOf(table.Key[0]);
        List<Part> parts = [];
        long rows = 0;
        await foreach (var row in TableRows.ReadAsync(snapshot, table, ct))
        {
            RowLines.Write(lines, row);
            rows++;
            if (lines.WrittenCount >= Most || (lines.WrittenCount >= Least && Mix(row[key]) % Ends == 0)) await EndAsync();
        }

        await EndAsync();
        return new TableBackup { Name = table.Name, Columns = table.Columns, Rows = rows, Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset()), Parts = parts };

        async Task EndAsync()
        {
            if (lines.WrittenCount == 0) return;
            hash.AppendData(lines.WrittenSpan);
            parts.Add(await put(RowLines.Compress(lines.WrittenSpan)));
            lines.ResetWrittenCount();
        }
    }

    /// <summary>FNV-1a: the same number for the same key in every process.</summary>
    private static uint Mix(object? key)
    {
        var hash = 2166136261;
        foreach (var letter in Convert.ToString(key, System.Globalization.CultureInfo.InvariantCulture) ?? "") hash = (hash ^ letter) * 16777619;
        return hash;
    }
}
