using System.Data.Common;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Backups;

/// <summary>A table as the engine's catalogue tells it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Columns">In the order of the table.</param>
/// <param name="Key">Columns of the primary key.</param>
/// <param name="References">Other tables that its rows point to.</param>
public sealed record StoreTable(string Name, IReadOnlyList<string> Columns, IReadOnlyList<string> Key, IReadOnlyList<string> References);

/// <summary>What a backup needs of an engine: all rows of one moment, and a way to make a store of rows.</summary>
public interface IRowEngine
{
    string Name { get; }

    /// <summary>Whether the store lies in a data folder and belongs to the one process that has it; on a server, planes share it.</summary>
    bool IsEmbedded { get; }

    /// <summary>Where the store is, for people; never a password.</summary>
    string Description { get; }

    /// <summary>Opens a connection on which everything that is read is of one moment, however long it takes. Writers go on.</summary>
    /// <param name="ct">Gives it up.</param>
    /// <param name="filling">Whether the caller is the one who fills the store; everybody else is refused until it is whole.</param>
    Task<DbConnection> OpenSnapshotAsync(CancellationToken ct, bool filling = false);

    Task<IReadOnlyList<StoreTable>> TablesAsync(DbConnection connection, CancellationToken ct);

    /// <summary>What the engine itself finds wrong; empty when all is well.</summary>
    Task<IReadOnlyList<string>> IntegrityAsync(DbConnection connection, CancellationToken ct);

    /// <summary>Names of planes that run on the store now. An embedded one belongs to whoever holds its folder.</summary>
    Task<IReadOnlyList<string>> ServedByAsync(DbConnection connection, CancellationToken ct);

    /// <summary>Keeps planes from starting on the store, or others from filling it, until it is let go of. An embedded one is held by its folder.</summary>
    Task<IAsyncDisposable> HoldAsync(bool filling, CancellationToken ct);

    /// <summary>Brings the schema up to date.</summary>
    Task<SchemaChange> MigrateAsync(CancellationToken ct);

    /// <summary>Takes an empty store, or one that was not finished, for rows that are to come. It is <see cref="Unfinished"/> from then on.</summary>
    /// <param name="what">What fills it, for people.</param>
    /// <param name="ct">Gives it up.</param>
    Task ReserveAsync(string what, CancellationToken ct);

    /// <summary>Makes the schema in a store that was reserved and fills it, all or nothing. It stays unfinished.</summary>
    Task LoadAsync(int schema, Func<IRowSink, Task> fill, CancellationToken ct);
}

/// <summary>An empty store that takes rows.</summary>
public interface IRowSink
{
    /// <summary>Its tables, those that others point to first.</summary>
    IReadOnlyList<StoreTable> Tables { get; }

    Task WriteAsync(StoreTable table, IReadOnlyList<string> columns, IAsyncEnumerable<object?[]> rows, CancellationToken ct);
}

public static class StoreTables
{
    /// <summary>Of the processes that serve the store now; nothing that should come back.</summary>
    private static readonly HashSet<string> OfProcesses = new(StringComparer.Ordinal) { "planes", "plane_writers", "leadership" };

    /// <summary>What a restored store makes anew. The key that signs leases is thereby in no backup.</summary>
    public static bool IsOwn(string table, object?[] row) => table == "meta" && row[0] is "incarnation" or "lease_key" or "schema" or "schema_serves" or "unfinished" or "timeline" or "new_life" or "life_from";

    /// <summary>Those that are kept, in an order in which each comes after the ones it points to.</summary>
    public static IReadOnlyList<StoreTable> InOrder(IEnumerable<StoreTable> tables)
    {
        var waiting = tables.Where(t => !OfProcesses.Contains(t.Name)).OrderBy(t => t.Name, StringComparer.Ordinal).ToList();
        List<StoreTable> order = [];
        while (waiting.Count > 0)
        {
            var free = waiting.Find(t => t.References.All(r => r == t.Name || waiting.TrueForAll(w => w.Name != r)))
                ?? throw new InvalidOperationException($"The tables {string.Join(", ", waiting.Select(t => t.Name))} point at each other in a circle.");
            waiting.Remove(free);
            order.Add(free);
        }

        return order;
    }
}
