using System.Buffers;
using System.Data.Common;
using System.Security.Cryptography;

namespace Muster.ControlPlane.Backups;

/// <summary>A table in two stores: how many rows, the hash of all of them in their order, and the first that is not the same.</summary>
public sealed record TableCompared(string Name, long SourceRows, long TargetRows, string SourceSha256, string TargetSha256, string? FirstDifference)
{
    public bool IsSame => SourceRows == TargetRows && SourceSha256 == TargetSha256;

    public override string ToString() => IsSame
        ? $"{Name}: {SourceRows} rows"
        : $"The rows of '{Name}' are not the same: {SourceRows} here, {TargetRows} there; the first that differs has the key {FirstDifference}.";
}

/// <summary>Reads a table in two stores side by side and hashes every row on both sides, written as backups write it.</summary>
internal static class StoreCompare
{
    public static async Task<TableCompared> RunAsync(DbConnection source, DbConnection target, StoreTable table, CancellationToken ct)
    {
        using var here = new Side(source, table, ct);
        using var there = new Side(target, table, ct);
        string? first = null;
        var (more, moreThere) = (await here.NextAsync(), await there.NextAsync());
        while (more || moreThere)
        {
            if (first is null && (more != moreThere || !here.Hash.SequenceEqual(there.Hash))) first = more ? here.Key : there.Key;
            (more, moreThere) = (await here.NextAsync(), await there.NextAsync());
        }

        return new TableCompared(table.Name, here.Rows, there.Rows, here.Whole(), there.Whole(), first);
    }

    private sealed class Side(DbConnection connection, StoreTable table, CancellationToken ct) : IDisposable
    {
        private readonly IAsyncEnumerator<object?[]> _rows = TableRows.ReadAsync(connection, table, ct).GetAsyncEnumerator(ct);
        private readonly IncrementalHash _all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly ArrayBufferWriter<byte> _line = new();
        private bool _ended;

        public long Rows { get; private set; }

        public byte[] Hash { get; private set; } = [];

        public string Key => string.Join(", ", table.Key.Select(column => _rows.Current[table.Columns.ToList().IndexOf(column)]));

        public async Task<bool> NextAsync()
        {
            if (_ended) return false;
            if (!await _rows.MoveNextAsync())
            {
                _ended = true;
                await _rows.DisposeAsync();
                return false;
            }

            _line.ResetWrittenCount();
            RowLines.Write(_line, _rows.Current);
            Hash = SHA256.HashData(_line.WrittenSpan);
            _all.AppendData(Hash);
            Rows++;
            return true;
        }

        public string Whole() => Convert.ToHexStringLower(_all.GetCurrentHash());

        public void Dispose() => _all.Dispose();
    }
}
