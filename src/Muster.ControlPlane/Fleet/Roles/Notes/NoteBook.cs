using System.Collections.Concurrent;
using System.Text;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Conversations;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Fleet.Roles.Notes;

/// <summary>
/// What agents of a role have learnt: a Markdown file a role, a line an entry, anybody's to edit. Bounded, because all of it goes with
/// every task: the oldest that nobody came to again makes room. What a person wrote stays.
/// </summary>
internal sealed class NoteBook(ControlPlaneOptions options) : IRoleNotes
{
    public const int MostEntries = 40;
    public const int MostBytes = 8 * 1024;

    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.OrdinalIgnoreCase);
    private readonly Lock _gate = new();
    private readonly string _folder = Path.Combine(options.Common, "roles", "notes");

    /// <summary>The entries, as they are handed on: within the bounds, whatever a person has written into the file.</summary>
    public IReadOnlyList<RoleNote> NotesOf(string role)
    {
        var file = new FileInfo(FileOf(role));
        if (!file.Exists) return [];
        var (written, length) = (file.LastWriteTimeUtc, file.Length);
        if (_known.TryGetValue(role, out var known) && known.Written == written && known.Length == length) return known.Notes;
        var bytes = 0;
        List<RoleNote> notes = [.. Entries(Text(role)).Select((e, i) => e.ToNote(i + 1)).TakeWhile(n => n.Number <= MostEntries && (bytes += Encoding.UTF8.GetByteCount(n.Text)) <= MostBytes)];
        _known[role] = new Known(written, length, notes);
        return notes;
    }

    public RoleNotes Show(string role) => new() { Role = role, File = FileOf(role), Text = Text(role), Notes = [.. Entries(Text(role)).Select((e, i) => e.ToNote(i + 1))] };

    /// <summary>Adds a lesson, or counts it where it stands already. False where what people wrote leaves no room.</summary>
    public bool Add(string role, NoteEntry lesson)
    {
        lock (_gate)
        {
            var lines = Lines(role);
            var entries = lines.Select(NoteEntry.Read).ToList();
            if (entries.FindIndex(e => e is not null && e.SaysTheSameAs(lesson)) is >= 0 and var at)
            {
                // A person's line needs no proof of agents.
                if (entries[at]!.Evidence is null) return true;
                lines[at] = (entries[at]! with { Again = entries[at]!.Again + 1, Last = lesson.Last }).Write();
            }
            else
            {
                lines.Add(lesson.Write());
            }

            var fits = MakeRoom(lines);
            if (fits) Replace(role, lines);
            return fits;
        }
    }

    public RoleNotes Write(string role, string text)
    {
        new Checked().Text(text, "text", 4 * MostBytes, required: false)
            .Require(!Preferences.HoldsSecret(WithoutEvidence(text)), "text", "That looks like a secret. Notes are told to models; keep keys and passwords out of them.").ThrowIfWrong();
        lock (_gate) Replace(role, [.. text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n')]);
        return Show(role);
    }

    public RoleNotes Forget(string role, int number)
    {
        lock (_gate)
        {
            var lines = Lines(role);
            var at = lines.Select((line, index) => (Entry: NoteEntry.Read(line), index)).Where(l => l.Entry is not null).Skip(number - 1).Take(1).ToList();
            if (number < 1 || at.Count == 0) throw Refusal.NotFound("note", $"{number} of {role}");
            lines.RemoveAt(at[0].index);
            Replace(role, lines);
        }

        return Show(role);
    }

    // Evidence names commits, which look like secrets.
    private static string WithoutEvidence(string text) => string.Join('\n', text.Split('\n').Select(l => NoteEntry.Read(l.TrimEnd('\r'))?.Text ?? l));

    private static bool MakeRoom(List<string> lines)
    {
        while (true)
        {
            var entries = lines.Select((line, index) => (Entry: NoteEntry.Read(line), index)).Where(l => l.Entry is not null).ToList();
            if (entries.Count <= MostEntries && lines.Sum(l => Encoding.UTF8.GetByteCount(l) + 1) <= MostBytes) return true;
            // The newest is the one that room is made for.
            var going = entries.SkipLast(1).Where(e => e.Entry!.Evidence is not null).OrderBy(e => e.Entry!.Again > 0).ThenBy(e => e.Entry!.Last).ThenBy(e => e.index).Take(1).ToList();
            if (going.Count == 0) return false;
            lines.RemoveAt(going[0].index);
        }
    }

    private static IEnumerable<NoteEntry> Entries(string text) => text.Split('\n').Select(l => NoteEntry.Read(l.TrimEnd('\r'))).OfType<NoteEntry>();

    private string FileOf(string role) => Path.Combine(_folder, role + ".md");

    private string Text(string role)
    {
        var file = new FileInfo(FileOf(role));
        if (!file.Exists) return "";
        using var reader = new StreamReader(file.FullName);
        // A person may have put a book there; nobody waits for all of it.
        var buffer = new char[8 * MostBytes];
        return new string(buffer, 0, reader.ReadBlock(buffer));
    }

    private List<string> Lines(string role)
    {
        var text = Text(role).ReplaceLineEndings("\n").TrimEnd('\n');
        return text.Length > 0 ? [.. text.Split('\n')]
            : [$"# Notes of {role}", "", "Agents add what they learnt, with where from. Edit as you like: a line that begins with '- ' is a note, and yours stay.", ""];
    }

    private void Replace(string role, List<string> lines)
    {
        Directory.CreateDirectory(_folder);
        var half = FileOf(role) + ".new";
        File.WriteAllText(half, string.Join('\n', lines) + "\n");
        File.Move(half, FileOf(role), overwrite: true);
        _known.TryRemove(role, out _);
    }

    private sealed record Known(DateTime Written, long Length, IReadOnlyList<RoleNote> Notes);
}

/// <summary>What goes with a task of what its role has learnt.</summary>
public interface IRoleNotes
{
    IReadOnlyList<RoleNote> NotesOf(string role);
}
