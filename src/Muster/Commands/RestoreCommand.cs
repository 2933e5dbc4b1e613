using System.CommandLine;
using Muster.Backups;
using Muster.Connections;
using Muster.ControlPlane.Backups;
using Muster.Hosting;
using Muster.Terminals;

namespace Muster.Commands;

internal static class RestoreCommand
{
    public static Command Create()
    {
        var place = new Argument<string>("place") { Description = $"{Places.Help}: where the backup lies" };
        var backup = BackupOption();
        var force = new Option<bool>("--force") { Description = "Also into a data folder that is not empty; what is there is moved aside" };
        var voidTokens = new Option<bool>("--void-tokens") { Description = "Revoke every token, also those of people and hosts" };
        var store = BackupCommand.StoreOption();
        return new Command("restore", "Bring a backup back into a data folder; leases and agent tokens of before are void")
            .With(place, backup, force, voidTokens, store)
            .Does(call => RunAsync(call, call.Get(place), call.Get(backup), call.Get(force), call.Get(voidTokens), call.Get(store)));
    }

    internal static Option<string?> BackupOption() => new("--backup") { Description = "Which one; the newest when left out", HelpName = "ID" };

    private static async Task<int> RunAsync(Call call, string from, string? id, bool force, bool voidTokens, string? store)
    {
        var place = Places.OpenExisting(from);
        var folder = call.Get(Globals.Data) ?? Paths.DefaultData;
        var manifest = await BackupManifest.FindAsync(place, id, call.Stop);
        var brought = await BringBack.RunAsync(place, manifest, folder, store ?? StoreAddress.FromEnvironment, force, voidTokens, step => call.Terminal.Note($"  {step}"), call.Stop);
        call.Terminal.Document(new
        {
            manifest.Id,
            data = Path.GetFullPath(folder),
            manifest.EventSeq,
            tasks = manifest.Rows("tasks"),
            brought.Life.Incarnation,
            returnedAssignments = brought.Life.Assignments,
            returnedJobs = brought.Life.Jobs,
            revokedTokens = brought.Life.Tokens,
            movedAside = brought.Kept,
            seconds = brought.Took.TotalSeconds,
            brought.Faults,
        });
        foreach (var fault in brought.Faults) call.Terminal.Line(fault, Tone.Bad);
        call.Terminal.Line($"{manifest.Id} is back in {Path.GetFullPath(folder)}: {Words.Count((int)manifest.Rows("tasks"), "task")}, up to event {manifest.EventSeq}, in {brought.Took.TotalSeconds:0.0} s", Tone.Strong);
        call.Terminal.Line($"{Words.Count(brought.Life.Assignments, "assignment")} ended, the tasks are free again; {Words.Count(brought.Life.Tokens, "token")} revoked");
        if (brought.Kept is { } kept) call.Terminal.Line($"What was there lies in {kept}");
        call.Terminal.Line($"Start it: muster serve --data {Path.GetFullPath(folder)}", Tone.Faint);
        return brought.Faults.Count == 0 ? ExitCodes.Done : ExitCodes.Failed;
    }
}
