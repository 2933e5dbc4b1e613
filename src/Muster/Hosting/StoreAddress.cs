using Microsoft.Extensions.Logging;
using Muster.Commands;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Postgres;
using Muster.Integrations.Sqlite;

namespace Muster.Hosting;

/// <summary>Opens the store that a plane runs on; the embedded one in the data folder when none was named.</summary>
internal static class StoreAddress
{
    public static Task<Store> OpenAsync(string? address, DataFolder data, PlaneLog log, CancellationToken ct) => OpenAsync(address, data.Path, log.CreateLogger("store"), ct);

    public static async Task<Store> OpenAsync(string? address, string folder, ILogger logger, CancellationToken ct, bool filling = false)
    {
        if (string.IsNullOrWhiteSpace(address) || address.Equals("sqlite", StringComparison.OrdinalIgnoreCase)) return SqliteStore.Open(folder, TimeProvider.System, logger, filling);
        if (PostgresAddress.IsOne(address)) return await PostgresStore.OpenAsync(PostgresAddress.Parse(address), TimeProvider.System, logger, filling, ct);
        throw new CommandException("The address of the store is not one that is known.", "Give postgres://USER:PASSWORD@HOST:5432/DATABASE, or leave it out for the embedded store.") { Code = ExitCodes.BadUsage };
    }

    public static string? FromEnvironment => Adapters.FromEnvironment().Store;
}
