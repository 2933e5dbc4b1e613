using System.Data;
using Dapper;

namespace Muster.ControlPlane.Storage;

/// <summary>
/// Marks a store that a restore or a move is filling, from before its first row until all were compared. Nobody serves it
/// meanwhile: half of the rows must not be taken for all of them.
/// </summary>
public static class Unfinished
{
    private const string Key = "unfinished";

    /// <param name="connection">To a store that has the table <c>meta</c>.</param>
    /// <param name="what">What fills it, for people.</param>
    /// <param name="transaction">In which it is marked.</param>
    public static void Mark(IDbConnection connection, string what, IDbTransaction? transaction = null) =>
        connection.Execute("INSERT INTO meta (key, value) VALUES (@Key, @what) ON CONFLICT (key) DO UPDATE SET value = excluded.value", new { Key, what }, transaction);

    /// <summary>What fills it; null when it is whole.</summary>
    public static string? What(IDbConnection connection) => connection.QueryFirstOrDefault<string>("SELECT value FROM meta WHERE key = @Key", new { Key });

    /// <exception cref="StoreUnusableException">It is not whole.</exception>
    public static void Refuse(IDbConnection connection)
    {
        if (What(connection) is { } what)
            throw new StoreUnusableException(StoreCodes.Unfinished, $"{what} into this store is under way, or was ended half-way. Wait for it, or run the same command again (a restore with --force): it begins anew.");
    }

    /// <summary>It is whole: in the transaction that begins its new life.</summary>
    public static void End(StoreTransaction tx) => tx.Execute("DELETE FROM meta WHERE key = @Key", new { Key });
}
