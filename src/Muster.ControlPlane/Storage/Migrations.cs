using System.Data;
using System.Reflection;
using Dapper;

namespace Muster.ControlPlane.Storage;

/// <summary>The numbered SQL files beside this one, applied in order, each in a transaction of its own with its number.</summary>
public static class Migrations
{
    public static IReadOnlyList<(int Number, string Name, string Sql)> All { get; } = Load();

    /// <summary>Brings a store up to date. Refuses one that a newer Muster has written.</summary>
    /// <param name="connection">To the store; nobody else changes its schema meanwhile.</param>
    /// <param name="spell">How the engine spells the common SQL of a schema.</param>
    /// <param name="upTo">The last to apply, for a store that rows of an older release are to go into; all when null.</param>
    public static void Apply(IDbConnection connection, Func<string, string>? spell = null, int? upTo = null)
    {
        connection.Execute("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)");
        var version = int.Parse(connection.QueryFirstOrDefault<string>("SELECT value FROM meta WHERE key = 'schema'") ?? "0");
        if (version > All[^1].Number)
            throw new StoreUnusableException(
                $"The store has schema {version} and this Muster knows {All[^1].Number}: it was written by a newer release. Run that release, or restore a backup.");

        foreach (var migration in All.Where(m => m.Number > version && m.Number <= (upTo ?? int.MaxValue)))
        {
            using var transaction = connection.BeginTransaction();
            connection.Execute(spell?.Invoke(migration.Sql) ?? migration.Sql, transaction: transaction);
            connection.Execute(
                "INSERT INTO meta (key, value) VALUES ('schema', @value) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                new { value = migration.Number.ToString() }, transaction);
            transaction.Commit();
        }
    }

    private static List<(int, string, string)> Load()
    {
        var assembly = typeof(Migrations).Assembly;
        const string marker = ".Migrations.";
        return assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".sql", StringComparison.Ordinal) && name.Contains(marker, StringComparison.Ordinal))
            .Select(name => (File: name[(name.IndexOf(marker, StringComparison.Ordinal) + marker.Length)..], Sql: Read(assembly, name)))
            .Select(m => (int.Parse(m.File[..4]), m.File, m.Sql))
            .OrderBy(m => m.Item1)
            .ToList();
    }

    private static string Read(Assembly assembly, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}

/// <summary>The store cannot be opened. The message says what to do and may be shown.</summary>
public sealed class StoreUnusableException(string message, Exception? inner = null) : Exception(message, inner);
