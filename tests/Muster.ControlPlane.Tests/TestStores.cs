using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Postgres;
using Muster.Integrations.Sqlite;
using Npgsql;

namespace Muster.ControlPlane.Tests;

/// <summary>
/// The store under test: the embedded one, or a database of its own on the server that <c>MUSTER_TEST_STORE</c> names
/// (<c>postgres://user@host:port/</c>). The same tests hold on both.
/// </summary>
internal static class TestStores
{
    private static readonly string? Server = Environment.GetEnvironmentVariable("MUSTER_TEST_STORE");

    public static async Task<Store> OpenAsync(string folder, TimeProvider clock)
    {
        if (string.IsNullOrEmpty(Server)) return SqliteStore.Open(folder, clock, NullLogger.Instance);
        var name = "t" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folder)))[..20];
        await CreateAsync(name);
        return await PostgresStore.OpenAsync(PostgresAddress.Parse(Server.TrimEnd('/') + "/" + name), clock, NullLogger.Instance);
    }

    private static async Task CreateAsync(string name)
    {
        var uri = new Uri(Server!);
        await using var connection = new NpgsqlConnection($"Host={uri.Host};Port={uri.Port};Username={uri.UserInfo};Database=postgres;Pooling=false");
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand($"CREATE DATABASE \"{name}\"", connection);
        try
        {
            await create.ExecuteNonQueryAsync();
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.DuplicateDatabase)
        {
            // The second plane on the same folder opens the same store again.
        }
    }
}
