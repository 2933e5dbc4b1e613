using System.Text.RegularExpressions;

namespace Muster.ControlPlane.Storage;

/// <summary>
/// A numbered step of the schema. Its first line says what kind it is: <c>-- expand</c> adds, and every program that served
/// the store before still does; <c>-- contract, serves N</c> takes away or narrows, and programs that know less than step N
/// are refused from then on. The first step makes the schema and serves everybody.
/// </summary>
public sealed partial record Migration(int Number, string Name, string Sql)
{
    /// <summary>The oldest program that a contraction still serves, by the newest step it knows; null for an expansion, which changes nothing about that.</summary>
    public int? Serves { get; } = Number == 1 ? 1 : ServesOf(Name, Number, Sql);

    private static int? ServesOf(string name, int number, string sql)
    {
        var first = sql.AsSpan(0, sql.IndexOf('\n') is var end && end < 0 ? sql.Length : end).Trim().ToString();
        if (first == "-- expand") return null;
        if (Contraction().Match(first) is not { Success: true } contract || !int.TryParse(contract.Groups["serves"].ValueSpan, out var serves) || serves >= number)
            throw new InvalidOperationException($"{name} must begin with '-- expand', or with '-- contract, serves N' where N is an earlier step: the oldest that programs must know to go on.");
        return serves;
    }

    [GeneratedRegex("^-- contract, serves (?<serves>[0-9]{1,4})$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Contraction();
}

/// <summary>Where the schema of a store stands.</summary>
/// <param name="Version">Number of the last step that was applied; 0 for a store that is only begun.</param>
/// <param name="Serves">The oldest program that it serves, by the newest step it knows.</param>
public sealed record SchemaState(int Version, int Serves)
{
    /// <exception cref="StoreUnusableException">A program that knows this many steps cannot work on it.</exception>
    public void RequireFor(int known)
    {
        if (Version <= known || Serves <= known) return;
        throw new StoreUnusableException(StoreCodes.Newer,
            $"The store has schema {Version}, which serves programs that know schema {Serves} or later, and this Muster knows {known}: it was written by a newer release. Run that release, or restore a backup.");
    }
}

/// <summary>What applying steps did.</summary>
/// <param name="Before">Where the schema stood.</param>
/// <param name="After">Where it stands now.</param>
/// <param name="Applied">Names of the steps.</param>
public sealed record SchemaChange(SchemaState Before, SchemaState After, IReadOnlyList<string> Applied);
