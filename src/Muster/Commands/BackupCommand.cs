using System.CommandLine;
using Muster.Backups;
using Muster.ControlPlane.Backups;
using Muster.Terminals;

namespace Muster.Commands;

internal static class BackupCommand
{
    public static Command Create()
    {
        var to = new Option<string>("--to") { Description = $"{Places.Help}: where the backup goes", HelpName = "PLACE", Required = true };
        var from = new Option<string>("--from") { Description = $"{Places.Help}: where to look", HelpName = "PLACE", Required = true };
        var keep = new Option<int?>("--keep") { Description = "Afterwards delete all but the newest N, and their parts", HelpName = "N" };
        var store = StoreOption();
        return new Command("backup", "Save everything a plane keeps, while it runs; what is there already is not sent again")
            .With(to, keep, store, new Command("list", "Finished backups in a place, newest last").With(from).Does(call => ListAsync(call, call.Get(from)!)))
            .Does(call => RunAsync(call, call.Get(to)!, call.Get(keep), call.Get(store)));
    }

    internal static Option<string?> StoreOption() => new("--store")
    {
        Description = "Address of the store: postgres://USER:PASSWORD@HOST/DATABASE (else MUSTER_STORE, else the settings, else the embedded one)",
        HelpName = "URL",
    };

    private static async Task RunAsync(Call call, string to, int? keep, string? store)
    {
        if (keep < 1) throw new CommandException("--keep is at least 1.") { Code = ExitCodes.BadUsage };
        var installation = Installation.Of(call, store);
        var place = Places.Open(to);
        var made = await new TakeBackup(installation.Rows, installation.Repositories, installation.Folder, TimeProvider.System, installation.Common).RunAsync(place, call.Stop);
        var gone = keep is { } last ? await PruneBackups.RunAsync(place, new KeepRule { Last = last, Daily = 0, Weekly = 0 }, TimeProvider.System, call.Stop) : default;
        var manifest = made.Manifest;
        call.Terminal.Document(new
        {
            manifest.Id,
            place = place.Description,
            manifest.EventSeq,
            manifest.Schema,
            tasks = manifest.Rows("tasks"),
            repositories = manifest.Repositories.Count,
            files = manifest.Files.Count,
            totalBytes = made.TotalBytes,
            made.SentParts,
            made.SentBytes,
            seconds = made.Took.TotalSeconds,
            deletedBackups = gone.Backups,
            made.Warnings,
        });
        foreach (var warning in made.Warnings) call.Terminal.Line(warning, Tone.Warn);
        call.Terminal.Line($"Backup {manifest.Id} is in {place.Description}", Tone.Strong);
        call.Terminal.Line($"{Words.Count((int)manifest.Rows("tasks"), "task")}, {Words.Count(manifest.Repositories.Count, "repository", "repositories")}, {Words.Count(manifest.Files.Count, "file")}, up to event {manifest.EventSeq}");
        call.Terminal.Line($"{Words.Bytes(made.TotalBytes)} in all, {Words.Bytes(made.SentBytes)} of them new, in {made.Took.TotalSeconds:0.0} s");
        if (gone.Backups > 0) call.Terminal.Line($"{Words.Count(gone.Backups, "older backup")} and {Words.Count(gone.Parts, "part")} deleted");
        call.Terminal.Line($"Try it: muster verify {to} --drill", Tone.Faint);
    }

    private static async Task ListAsync(Call call, string from)
    {
        var place = Places.OpenExisting(from);
        List<BackupManifest> all = [];
        foreach (var id in await BackupManifest.ListAsync(place, call.Stop)) all.Add(await BackupManifest.ReadAsync(place, id, call.Stop));
        call.Terminal.Document(all.Select(m => new { m.Id, m.StartedAt, m.FinishedAt, m.EventSeq, m.Schema, m.Engine, m.Version, tasks = m.Rows("tasks"), bytes = m.Parts().Sum(p => p.Size) }).ToList());
        var grid = new Grid("BACKUP", "MADE", "TASKS", "EVENT", "SIZE", "ENGINE", "RELEASE");
        foreach (var m in all) grid.Row(m.Id, Words.Ago(m.FinishedAt), $"{m.Rows("tasks")}", $"{m.EventSeq}", Words.Bytes(m.Parts().Sum(p => p.Size)), m.Engine, m.Version);
        grid.WriteTo(call.Terminal, "No finished backups.");
    }
}
