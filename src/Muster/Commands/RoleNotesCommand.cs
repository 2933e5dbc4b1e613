using System.CommandLine;
using System.Diagnostics;
using Muster.Contracts.Fleet;
using Muster.Terminals;

namespace Muster.Commands;

/// <summary>What agents of a role have learnt: to be read, and to be mended by a person.</summary>
internal static class RoleNotesCommand
{
    private static readonly Argument<string> Name = new("role") { Description = "Name of the role" };
    private static readonly Option<bool> Edit = new("--edit") { Description = "Change them in an editor ($VISUAL, $EDITOR)" };
    private static readonly Option<int?> Forget = new("--forget") { Description = "Take this one away", HelpName = "N" };

    public static Command Create() => new Command("notes", "What agents of a role have learnt").With(Name, Edit, Forget).Does(RunAsync);

    private static async Task RunAsync(Call call)
    {
        var role = call.Get(Name);
        if (call.Get(Edit) && call.Get(Forget) is not null) throw new CommandException("Give either --edit or --forget.") { Code = ExitCodes.BadUsage };
        var notes = call.Get(Forget) is { } number ? await call.Muster.DeleteRoleNoteAsync(role, number, ct: call.Stop) : await call.Muster.GetRoleNotesAsync(role, call.Stop);
        if (call.Get(Edit)) notes = await EditAsync(call, notes);
        call.Terminal.Document(notes);
        var grid = new Grid("", "NOTE", "FROM", "AGAIN");
        foreach (var note in notes.Notes) grid.Row(note.Number, note.Text, note.Evidence ?? "a person", note.Again == 0 ? "" : $"{note.Again}");
        grid.WriteTo(call.Terminal, $"No notes yet. Agents add them when they hand in; yours: muster role notes {Plain.Line(role)} --edit");
        call.Terminal.Note(Plain.Line(notes.File));
    }

    private static async Task<RoleNotes> EditAsync(Call call, RoleNotes notes)
    {
        var folder = Directory.CreateTempSubdirectory("muster-notes-");
        try
        {
            var file = Path.Combine(folder.FullName, notes.Role + ".md");
            await File.WriteAllTextAsync(file, notes.Text.Length > 0 ? notes.Text : $"# Notes of {notes.Role}\n\n- \n", call.Stop);
            var before = await File.ReadAllTextAsync(file, call.Stop);
            await OpenAsync(file, call.Stop);
            var text = await File.ReadAllTextAsync(file, call.Stop);
            return text == before ? notes : await call.Muster.UpdateRoleNotesAsync(notes.Role, new UpdateRoleNotes { Text = text }, ct: call.Stop);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task OpenAsync(string file, CancellationToken ct)
    {
        var words = (First("VISUAL") ?? First("EDITOR") ?? "vi").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var start = new ProcessStartInfo(words[0]) { UseShellExecute = false };
        foreach (var word in words.Skip(1).Append(file)) start.ArgumentList.Add(word);
        try
        {
            using var editor = Process.Start(start)!;
            await editor.WaitForExitAsync(ct);
            if (editor.ExitCode != 0) throw new CommandException($"The editor {words[0]} ended with {editor.ExitCode}; nothing was changed.");
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new CommandException($"The editor {words[0]} cannot be started: {missing.Message}", "Set EDITOR, or edit the file itself on the plane's machine.");
        }
    }

    private static string? First(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;
}
