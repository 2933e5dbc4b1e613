using System.Security.Cryptography;
using System.Text;
using Dapper;
using Microsoft.Data.Sqlite;
using Muster.Integrations.Sqlite;

namespace Muster.Proof.Fuzz;

/// <summary>Tells whether anything at all was committed to a store since it was asked last, by the engine's own word.</summary>
internal sealed class ChangeWatch : IDisposable
{
    private readonly SqliteConnection _connection;
    private long _version;

    public ChangeWatch(string folder)
    {
        SqliteLibrary.Load();
        _connection = new SqliteConnection($"Data Source={Path.Combine(folder, "muster.db")};Mode=ReadOnly;Pooling=False");
        _connection.Open();
        _version = Version();
    }

    public bool HasChanged()
    {
        var before = _version;
        _version = Version();
        return _version != before;
    }

    /// <summary>Everything that is in the store. A transaction that was undone writes pages too, so only this decides.</summary>
    public string Content()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var table in _connection.Query<string>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"))
        {
            using var reader = _connection.ExecuteReader($"SELECT * FROM \"{table}\" ORDER BY rowid");
            while (reader.Read())
                for (var i = 0; i < reader.FieldCount; i++) hash.AppendData(Encoding.UTF8.GetBytes($"{reader.GetValue(i)}\u001f"));
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    public void Dispose() => _connection.Dispose();

    private long Version() => _connection.QuerySingle<long>("PRAGMA data_version");
}
