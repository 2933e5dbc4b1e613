using System.CommandLine;
using Muster.Backups;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;
using Muster.Hosting;
using Muster.Terminals;

namespace Muster.Commands;

/// <summary>What operators do with a store itself.</summary>
internal static class StoreCommand
{
    public static Command Create()
    {
        var checkedStore = BackupCommand.StoreOption();
        var promoted = BackupCommand.StoreOption();
        var why = new Option<string>("--reason", "-m") { Description = "Why, for the event log", DefaultValueFactory = _ => "promoted", HelpName = "TEXT" };
        var voidTokens = new Option<bool>("--void-tokens") { Description = "Revoke every token, also those of people and hosts" };
        return new Command("store", "Look after a store").With(
            StoreMigrate.Create(),
            StoreMove.Create(),
            new Command("check", "Count every counter again and test every rule; works while planes run").With(checkedStore)
                .Does(call => CheckAsync(call, call.Get(checkedStore))),
            new Command("new-incarnation", "After a promotion or a recovery by other means: leases and agent tokens of before are void").With(promoted, why, voidTokens)
                .Does(call => BeginAsync(call, call.Get(promoted), call.Get(why)!, call.Get(voidTokens))));
    }

    private static async Task<int> CheckAsync(Call call, string? store)
    {
        var installation = Installation.Of(call, store);
        await using var snapshot = await installation.Rows.OpenSnapshotAsync(call.Stop);
        List<string> faults = [.. await installation.Rows.IntegrityAsync(snapshot, call.Stop), .. (await StoreCheck.RunAsync(snapshot)).Select(fault => fault.ToString())];
        call.Terminal.Document(new { sound = faults.Count == 0, rules = StoreCheck.Count, faults });
        foreach (var fault in faults) call.Terminal.Line(fault, Tone.Bad);
        call.Terminal.Line(faults.Count == 0 ? $"The store is sound: {StoreCheck.Count} rules hold" : $"{Words.Count(faults.Count, "rule")} broken", faults.Count == 0 ? Tone.Good : Tone.Bad);
        return faults.Count == 0 ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static async Task BeginAsync(Call call, string? address, string why, bool voidTokens)
    {
        var installation = Installation.Of(call, address);
        // An embedded store belongs to one process; on a server, planes that run take the new life over with their next commit.
        using var held = installation.Rows.IsEmbedded ? DataFolder.Open(installation.Folder) : null;
        await using var store = await installation.OpenStoreAsync(call.Stop);
        var life = await store.WriteAsync(tx => NewIncarnation.Begin(tx, why, voidTokens), call.Stop);
        call.Terminal.Document(life);
        call.Terminal.Line($"The store has a new life: {Words.Count(life.Assignments, "assignment")} ended, {Words.Count(life.Jobs, "job")} given out again, {Words.Count(life.Tokens, "token")} revoked", Tone.Strong);
        call.Terminal.Line("Restart the planes that run on it, so that they forget revoked tokens.");
    }
}
