using System.Runtime.InteropServices;

namespace Muster.Integrations.Sqlite;

/// <summary>
/// The calls that are made some two hundred times for every task, without the safe handle that the library's own binding counts up and
/// down around each: whoever calls keeps the statement alive. See https://www.sqlite.org/c3ref/funclist.html.
/// </summary>
internal static unsafe partial class SqliteCalls
{
    /// <summary>Resolved by <see cref="SqliteLibrary"/>, like the binding's.</summary>
    public const string Library = "e_sqlite3";

    /// <summary>Tells SQLite that what it is given stays where it is for as long as it is bound.</summary>
    public const nint Static = 0;

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_null"), SuppressGCTransition]
    public static partial int BindNull(nint statement, int parameter);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_int64"), SuppressGCTransition]
    public static partial int BindNumber(nint statement, int parameter, long value);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_text")]
    public static partial int BindText(nint statement, int parameter, byte* text, int bytes, nint free);

    [LibraryImport(Library, EntryPoint = "sqlite3_step")]
    public static partial int Step(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_reset")]
    public static partial int Reset(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_type"), SuppressGCTransition]
    public static partial int TypeOf(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_int64"), SuppressGCTransition]
    public static partial long NumberOf(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_text")]
    public static partial byte* TextOf(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_bytes"), SuppressGCTransition]
    public static partial int BytesOf(nint statement, int column);
}
