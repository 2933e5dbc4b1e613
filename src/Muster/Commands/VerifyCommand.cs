using System.CommandLine;
using Muster.Backups;
using Muster.ControlPlane.Backups;
using Muster.Terminals;

namespace Muster.Commands;

internal static class VerifyCommand
{
    public static Command Create()
    {
        var place = new Argument<string>("place") { Description = $"{Places.Help}: where the backup lies" };
        var backup = RestoreCommand.BackupOption();
        var drill = new Option<bool>("--drill") { Description = "Bring it back into a temporary folder, start a plane on it, and say how long that took" };
        return new Command("verify", "Whether a backup is sound: every hash, every row, every rule, every commit")
            .With(place, backup, drill).Does(call => RunAsync(call, call.Get(place), call.Get(backup), call.Get(drill)));
    }

    private static async Task<int> RunAsync(Call call, string from, string? id, bool drill)
    {
        var place = Places.OpenExisting(from);
        var manifest = await BackupManifest.FindAsync(place, id, call.Stop);
        var verified = await VerifyBackup.PartsAsync(place, manifest, call.Stop);
        call.Terminal.Note($"  {verified.Parts} parts read");
        List<string> faults = [.. verified.Faults];
        Drilled? drilled = null;
        // What is damaged already cannot be brought back; the parts say more about it than the attempt would.
        if (faults.Count == 0 && drill)
        {
            drilled = await Drill.RunAsync(place, manifest, step => call.Terminal.Note($"  {step}"), call.Stop);
            faults.AddRange(drilled.Faults);
        }
        else if (faults.Count == 0)
        {
            faults.AddRange(await OpenAsync(place, manifest, step => call.Terminal.Note($"  {step}"), call.Stop));
        }

        call.Terminal.Document(new
        {
            manifest.Id,
            sound = faults.Count == 0,
            faults,
            verified.Parts,
            verified.Bytes,
            manifest.EventSeq,
            tasks = manifest.Rows("tasks"),
            drill = drilled is null ? null : new { restoredSeconds = drilled.Restored.TotalSeconds, readySeconds = drilled.Ready.TotalSeconds, drilled.Projects, drilled.Life.Assignments },
        });
        foreach (var fault in faults) call.Terminal.Line(fault, Tone.Bad);
        call.Terminal.Line($"{manifest.Id} is {(faults.Count == 0 ? "sound" : "NOT sound")}: {Words.Count(verified.Parts, "part")}, {Words.Bytes(verified.Bytes)}, {Words.Count((int)manifest.Rows("tasks"), "task")}, up to event {manifest.EventSeq}",
            faults.Count == 0 ? Tone.Good : Tone.Bad);
        if (drilled is not null) call.Terminal.Line($"Brought back in {drilled.Restored.TotalSeconds:0.0} s; a plane answered {drilled.Ready.TotalSeconds:0.0} s after the start of the drill");
        return faults.Count == 0 ? ExitCodes.Done : ExitCodes.Failed;
    }

    /// <summary>Brings it back into a temporary folder, up to the point where somebody would open it.</summary>
    private static async Task<IReadOnlyList<string>> OpenAsync(IBackupPlace place, BackupManifest manifest, Action<string> progress, CancellationToken ct)
    {
        var scratch = Directory.CreateTempSubdirectory("muster-verify-").FullName;
        try
        {
            var installation = new Installation(scratch, null);
            await new RestoreBackup(installation.Rows, installation.Repositories, scratch).RunAsync(place, manifest, progress, ct);
            return await VerifyBackup.StoreAsync(installation.Rows, installation.Repositories, manifest, ct);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }
}
