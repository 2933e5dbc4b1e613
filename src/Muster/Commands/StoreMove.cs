using System.CommandLine;
using System.Diagnostics;
using Muster.Backups;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;
using Muster.Hosting;
using Muster.Terminals;

namespace Muster.Commands;

/// <summary>Moves a store from one engine to the other, or from one place to another; the source stays as it is.</summary>
internal static class StoreMove
{
    private const string Sides = "A data folder, or postgres://USER:PASSWORD@HOST/DATABASE";

    public static Command Create()
    {
        var from = new Option<string>("--from") { Description = $"{Sides}: the store that is", HelpName = "STORE", Required = true };
        var to = new Option<string>("--to") { Description = $"{Sides}: the one that is to be, and is empty", HelpName = "STORE", Required = true };
        return new Command("move", "Copy a store to another engine or place, comparing every row; no plane may run on it").With(from, to)
            .Does(call => RunAsync(call, call.Get(from)!, call.Get(to)!));
    }

    private static async Task RunAsync(Call call, string from, string to)
    {
        var clock = Stopwatch.StartNew();
        var (source, target) = (StoreSide.Parse(from), StoreSide.Parse(to));
        if (source.Name == target.Name) throw new CommandException("The store cannot be moved to where it is.", "Name another place with --to.") { Code = ExitCodes.BadUsage };
        if (source.Folder is { } folder && !File.Exists(Path.Combine(folder, "muster.db")))
            throw new CommandException($"There is no store in {folder}.", $"--from takes: {Sides}.");
        using var sourceHeld = source.Hold();
        using var targetHeld = target.Hold();
        var moved = await new MoveStore(source.Rows, target.Rows).RunAsync(step => call.Terminal.Note($"  {step}"), call.Stop);
        var files = source.FilesAfter(target);
        var missing = await files.MissingAsync(target.Rows, call.Stop);

        NewLife life;
        await using (var opened = await target.OpenAsync(call.Stop))
        {
            life = await opened.WriteAsync(tx =>
            {
                Unfinished.End(tx);
                return NewIncarnation.Begin(tx, $"moved from {source.Rows.Description}", voidTokens: false);
            }, call.Stop);
        }

        call.Terminal.Document(new
        {
            from = source.Rows.Description,
            to = target.Rows.Description,
            moved.Schema,
            moved.EventSeq,
            moved.Rows,
            tables = moved.Tables.Select(t => new { t.Name, t.SourceRows, t.TargetRows, t.SourceSha256, t.TargetSha256 }),
            life.Incarnation,
            returnedAssignments = life.Assignments,
            returnedJobs = life.Jobs,
            revokedTokens = life.Tokens,
            files = new { files.Folder, missing.Artifacts, missing.Commits },
            seconds = clock.Elapsed.TotalSeconds,
        });
        var terminal = call.Terminal;
        terminal.Line($"{target.Rows.Description} has every row of {source.Rows.Description}: {moved.Rows} in {Words.Count(moved.Tables.Count, "table")}, up to event {moved.EventSeq}, in {clock.Elapsed.TotalSeconds:0.0} s", Tone.Strong);
        terminal.Line($"{Words.Count(life.Assignments, "assignment")} ended, the tasks are free again; {Words.Count(life.Tokens, "token")} of agents revoked");
        if (missing.None) terminal.Line($"Every artifact and commit that the store names is below {files.Folder}");
        else terminal.Line($"Left to do: {Words.Count(missing.Artifacts, "artifact")} and {Words.Count(missing.Commits, "commit")} that the store names are not below {files.Folder}. Copy 'projects', 'artifacts' and 'roles' there from where they lie", Tone.Warn);
        terminal.Line("The source is as it was. Put it away, so that nobody starts a plane on it");
        terminal.Line(target.Folder is null ? "Then name the new store: store in config.json, MUSTER_STORE or --store" : $"Start it: muster serve --data {target.Folder}", Tone.Faint);
    }
}
