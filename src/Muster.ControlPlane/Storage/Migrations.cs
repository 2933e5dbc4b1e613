using System.Data;
using System.Reflection;
using Dapper;

namespace Muster.ControlPlane.Storage;

/// <summary>The numbered SQL files beside this one, applied in order, each in a transaction of its own with its number.</summary>
public static class Migrations
{
    public static IReadOnlyList<Migration> All { get; } = Load();

    /// <summary>The newest step that this program knows.</summary>
    public static int Known => All[^1].Number;

    /// <summary>Brings a store up to date. One that a newer Muster has written stays as it is, when it still serves this one; else it is refused.</summary>
    /// <param name="connection">To the store; nobody else changes its schema meanwhile.</param>
    /// <param name="how">What is different from the ordinary case.</param>
    public static SchemaChange Apply(IDbConnection connection, MigrationRun? how = null)
    {
        how ??= new MigrationRun();
        connection.Execute(MetaTable);
        if (!how.Filling) Unfinished.Refuse(connection);
        var before = Read(connection);
        before.RequireFor(how.Steps[^1].Number);
        List<string> applied = [];
        foreach (var step in how.Steps.Where(m => m.Number > before.Version && m.Number <= (how.UpTo ?? int.MaxValue)))
        {
            how.Before?.Invoke(step);
            using var transaction = connection.BeginTransaction();
            // As long as it takes: a large store is not to be given up half-way again and again.
            connection.Execute(how.Spell?.Invoke(step.Sql) ?? step.Sql, transaction: transaction, commandTimeout: 0);
            Set(connection, "schema", step.Number, transaction);
            if (step.Serves is { } serves) Set(connection, "schema_serves", serves, transaction);
            transaction.Commit();
            applied.Add(step.Name);
        }

        return new SchemaChange(before, Read(connection), applied);
    }

    public const string MetaTable = "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)";

    /// <summary>Where the schema of a store stands that has the table <c>meta</c>.</summary>
    public static SchemaState Read(IDbConnection connection)
    {
        int Of(string key, int otherwise) => connection.QueryFirstOrDefault<string>("SELECT value FROM meta WHERE key = @key", new { key }) is { } text ? int.Parse(text) : otherwise;
        return new SchemaState(Of("schema", 0), Of("schema_serves", 1));
    }

    private static void Set(IDbConnection connection, string key, int value, IDbTransaction transaction) => connection.Execute(
        "INSERT INTO meta (key, value) VALUES (@key, @value) ON CONFLICT (key) DO UPDATE SET value = excluded.value", new { key, value = $"{value}" }, transaction);

    private static List<Migration> Load()
    {
        var assembly = typeof(Migrations).Assembly;
        const string marker = ".Migrations.";
        return assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".sql", StringComparison.Ordinal) && name.Contains(marker, StringComparison.Ordinal))
            .Select(name => (File: name[(name.IndexOf(marker, StringComparison.Ordinal) + marker.Length)..], Sql: Read(assembly, name)))
            .Select(m => new Migration(int.Parse(m.File[..4]), m.File, m.Sql))
            .OrderBy(m => m.Number)
            .ToList();
    }

    private static string Read(Assembly assembly, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}

/// <summary>How steps are applied where it is not the ordinary way.</summary>
public sealed record MigrationRun
{
    /// <summary>How the engine spells the common SQL of a schema.</summary>
    public Func<string, string>? Spell { get; init; }

    /// <summary>The last to apply, for a store that rows of an older release are to go into; all when null.</summary>
    public int? UpTo { get; init; }

    /// <summary>Whether the caller is the one who fills the store.</summary>
    public bool Filling { get; init; }

    /// <summary>Asked before each step; refuses by an exception.</summary>
    public Action<Migration>? Before { get; init; }

    public IReadOnlyList<Migration> Steps { get; init; } = Migrations.All;
}
