using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Muster.Integrations.Sqlite;

/// <summary>
/// Chooses the SQLite library: the operating system's own, which is patched by its distribution, or else the bundled one.
/// </summary>
public static class SqliteLibrary
{
    private static readonly Lock Gate = new();
    private static bool _loaded;

    public static string Origin { get; private set; } = "bundled";

    public static string Version => raw.sqlite3_libversion().utf8_to_string();

    public static void Load()
    {
        lock (Gate)
        {
            if (_loaded) return;
            var binding = typeof(SQLite3Provider_e_sqlite3).Assembly;
            NativeLibrary.SetDllImportResolver(binding, Resolve);
            // Ours are the same library's, wherever that one lies.
            NativeLibrary.SetDllImportResolver(typeof(SqliteLibrary).Assembly, (name, _, search) => Resolve(name, binding, search));
            Batteries_V2.Init();
            // Counting its own memory takes a lock at every allocation.
            _ = raw.sqlite3_config(raw.SQLITE_CONFIG_MEMSTATUS, 0);
            Dapper.DefaultTypeMap.MatchNamesWithUnderscores = true;
            _loaded = true;
        }
    }

    private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? search)
    {
        if (name != SqliteCalls.Library) return IntPtr.Zero;
        foreach (var candidate in (string[])["libsqlite3.so.0", "libsqlite3.dylib"])
        {
            if (!NativeLibrary.TryLoad(candidate, out var handle)) continue;
            Origin = "operating system";
            return handle;
        }

        return NativeLibrary.TryLoad(name, assembly, search, out var bundled) ? bundled : IntPtr.Zero;
    }
}
