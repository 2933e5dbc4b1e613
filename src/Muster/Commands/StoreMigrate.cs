using System.CommandLine;
using Muster.Backups;
using Muster.ControlPlane.Storage;
using Muster.Hosting;
using Muster.Terminals;

namespace Muster.Commands;

/// <summary>Brings the schema of a store up to date without serving it, as a start would.</summary>
internal static class StoreMigrate
{
    public static Command Create()
    {
        var store = BackupCommand.StoreOption();
        var dry = new Option<bool>("--dry-run") { Description = "Only say what would be done" };
        return new Command("migrate", "Bring the schema up to date without serving; on PostgreSQL also while planes run").With(store, dry)
            .Does(call => RunAsync(call, call.Get(store), call.Get(dry)));
    }

    private static async Task RunAsync(Call call, string? address, bool dry)
    {
        var rows = Installation.Of(call, address).Rows;
        // Read first: a store that is not there is not made here, and one that this program cannot serve is left alone.
        SchemaState found;
        await using (var snapshot = await rows.OpenSnapshotAsync(call.Stop)) found = Migrations.Read(snapshot);
        found.RequireFor(Migrations.Known);
        var change = new SchemaChange(found, found, [.. Migrations.All.Where(m => m.Number > found.Version).Select(m => m.Name)]);
        if (!dry)
        {
            using var held = rows.IsEmbedded ? DataFolder.Open(Installation.Of(call, address).Folder) : null;
            change = await rows.MigrateAsync(call.Stop);
        }

        var to = dry ? Math.Max(found.Version, Migrations.Known) : change.After.Version;
        call.Terminal.Document(new { store = rows.Description, from = change.Before.Version, to, known = Migrations.Known, change.After.Serves, steps = change.Applied, dryRun = dry });
        foreach (var step in change.Applied) call.Terminal.Line(step);
        call.Terminal.Line((change.Applied.Count, dry) switch
        {
            (0, _) when to > Migrations.Known => $"The store has schema {to}, which is newer than this program ({Migrations.Known}) and still serves it: nothing to do",
            (0, _) => $"The store has schema {to}: nothing to do",
            (_, true) => $"The store has schema {change.Before.Version} and would be brought to {to}",
            _ => $"The store was brought from schema {change.Before.Version} to {to}",
        }, Tone.Strong);
    }
}
