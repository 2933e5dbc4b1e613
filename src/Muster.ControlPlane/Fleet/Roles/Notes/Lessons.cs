using System.Threading.Channels;
using Muster.Contracts.Events;
using Muster.ControlPlane.Delivery.Evaluations;
using Muster.ControlPlane.Storage;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Fleet.Roles.Notes;

/// <summary>A lesson came with a hand-in that stands; this plane writes it down.</summary>
internal sealed record LessonLearned(string Role, NoteEntry Entry) : Signal
{
    public override bool IsLocal => true;
}

/// <summary>What agents hand in beside their work for those who come after them in the same role (B6).</summary>
internal static class Lessons
{
    /// <summary>Tells of it in the transaction of the hand-in. One that is empty, or of an agent without a role, is left out.</summary>
    public static void Learned(StoreTransaction tx, TaskRow task, string? lesson, string? headSha)
    {
        if (string.IsNullOrWhiteSpace(lesson) || Trials.Of(tx, task) is not null) return;
        var role = task.Role ?? tx.QueryFirst<string>("SELECT role FROM agents WHERE id = @AgentId", new { task.AgentId });
        var from = $"{task.Key} attempt {task.Epoch}{(headSha is { Length: >= 8 } ? $", commit {headSha[..8]}" : "")}";
        if (role is null || NoteEntry.Of(lesson, from, DateOnly.FromDateTime(Times.At(tx.Now).UtcDateTime)) is not { } entry) return;
        tx.Emit(EventTypes.RoleLesson, $"{role} learnt from {task.Key}: {entry.Text}", task.ProjectId, task.Id, task.AgentId, new { role, text = entry.Text, evidence = entry.Evidence });
        tx.Notify(new LessonLearned(role, entry));
    }
}

/// <summary>Writes lessons into the notes, one after the other, behind the hand-ins that they came with.</summary>
internal sealed partial class LessonKeeper : BackgroundService
{
    private readonly Channel<LessonLearned> _due = Channel.CreateBounded<LessonLearned>(new BoundedChannelOptions(1000) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly Store _store;
    private readonly NoteBook _notes;
    private readonly RoleCatalog _roles;
    private readonly ILogger<LessonKeeper> _logger;

    public LessonKeeper(Store store, NoteBook notes, RoleCatalog roles, ILogger<LessonKeeper> logger)
    {
        (_store, _notes, _roles, _logger) = (store, notes, roles, logger);
        store.Listen(committed =>
        {
            foreach (var learned in committed.Signals.OfType<LessonLearned>()) _due.Writer.TryWrite(learned);
        });
    }

    protected override async Task ExecuteAsync(CancellationToken ct)
    {
        await foreach (var learned in _due.Reader.ReadAllAsync(ct))
        {
            // A role that is gone keeps no notes; its name alone says where they would lie.
            if (_roles.Find(learned.Role) is not { } role) continue;
            try
            {
                // By turns with other planes, which write the same file.
                if (!await _store.WriteAsync(_ => _notes.Add(role.Name, learned.Entry), ct)) Full(role.Name);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                Unwritten(error, role.Name);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The notes of the role {Role} are full of what people wrote; a lesson was left out. Shorten them: muster role notes {Role} --edit")]
    private partial void Full(string role);

    [LoggerMessage(Level = LogLevel.Error, Message = "A lesson could not be written into the notes of the role {Role}")]
    private partial void Unwritten(Exception error, string role);
}
