using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Protocols;

namespace Muster.ControlPlane.Models.Recording;

/// <summary>
/// Writes a run's model traffic to a file of its own, named by its assignment, one line a call, without secrets. What cannot
/// be written is told in the log; the run goes on.
/// </summary>
public sealed class Recordings(ModelSetup setup, TimeProvider time, ILogger<Recordings> log)
{
    public const string Extension = ".models.jsonl";

    /// <summary>Of one recording; a run that says more is recorded up to here.</summary>
    private const long LargestFile = 256L * 1024 * 1024;

    /// <summary>The oldest beyond are deleted.</summary>
    private const int MostFiles = 1000;

    private readonly SecretText _secrets = new(setup.Providers.Select(p => p.Settings.Key).OfType<string>());
    private readonly ConcurrentDictionary<string, bool> _asked = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly Lock _writing = new();

    /// <summary>Records one run, also where not all are recorded.</summary>
    public void Record(string assignmentId)
    {
        if (_asked.Count < MostFiles) _asked[assignmentId] = true;
    }

    public void Stop(string assignmentId) => _asked.TryRemove(assignmentId, out _);

    /// <summary>Where a run's recording is, whether it exists or not; null when the id is no file's name.</summary>
    public string? PathOf(string assignmentId) => setup.RecordingFolder is { } folder && assignmentId.Length is > 0 and <= 100 && assignmentId.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? Path.Combine(folder, assignmentId + Extension) : null;

    /// <summary>A tape for a call; null when it is not recorded.</summary>
    internal Tape? Begin(ModelCall call, IModelAnswer answer) =>
        call.AssignmentId is { } id && (setup.RecordAll || _asked.ContainsKey(id)) && PathOf(id) is not null ? new Tape(call, answer, time) : null;

    internal void End(Tape tape, ModelOutcome outcome)
    {
        if (!tape.HasBegun || PathOf(tape.Call.AssignmentId!) is not { } path) return;
        try
        {
            var recorded = Describe(tape, outcome);
            lock (_writing) Append(path, recorded);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or RegexMatchTimeoutException or JsonException)
        {
            log.LogWarning("A model call could not be recorded to {Path}: {Reason}", path, error.Message);
        }
    }

    private RecordedCall Describe(Tape tape, ModelOutcome outcome)
    {
        var request = JsonNode.Parse(_secrets.Remove(Encoding.UTF8.GetString(WireJson.Bytes(tape.Call.Body))))!.AsObject();
        return new RecordedCall
        {
            Number = 0,
            At = tape.At,
            Protocol = tape.Call.Protocol,
            Place = tape.Call.Place is { } place ? place with { Title = _secrets.Remove(place.Title) } : null,
            Turn = RunPlace.TurnOf(tape.Call.Protocol, request),
            Fingerprint = Fingerprint.Of(tape.Call.Protocol, request).Hash,
            Request = request,
            Status = tape.Status,
            ContentType = tape.ContentType,
            Outcome = outcome.Outcome,
            Leg = outcome.Tries.Count > 0 ? outcome.Tries[^1].Leg.ToString() : null,
            Tokens = outcome.Tries.Count > 0 ? outcome.Tries[^1].Tokens : null,
            Pieces = Clean(tape),
        };
    }

    // A secret that came in several pieces is in none of them: then the answer is written anew from what it said.
    private List<RecordedPiece> Clean(Tape tape)
    {
        var pieces = tape.Pieces.Select(p => p.Text is { } text ? p with { Text = _secrets.Remove(text) } : p).ToList();
        if (tape.Status != 200) return pieces;
        var stream = tape.ContentType == "text/event-stream";
        var dialect = Dialects.Of(tape.Call.Protocol);
        byte[] bytes = [.. pieces.SelectMany(p => p.Bytes())];
        try
        {
            var said = stream ? AnswerPump.ReadAll(dialect, bytes) : dialect.ReadWhole(WireJson.Parse(bytes));
            var whole = WholeAnswer.Of(said);
            if (!(_secrets.IsIn(whole.Text) || _secrets.IsIn(whole.Thought) || whole.Calls.Any(c => _secrets.IsIn(c.Arguments)))) return pieces;
            var clean = Condensed.Of(said).Select(Clean).ToList();
            return [RecordedPiece.Of(0, stream ? [.. Condensed.Stream(dialect, clean).SelectMany(e => e.Bytes)] : Condensed.Whole(dialect, clean))];
        }
        catch (ProtocolException)
        {
            // What cannot be read cannot be searched.
            return [new RecordedPiece(0, SecretText.Removed)];
        }
    }

    private AnswerEvent Clean(AnswerEvent said) => said switch
    {
        TextPiece text => new TextPiece(_secrets.Remove(text.Text)),
        ThoughtPiece thought => new ThoughtPiece(_secrets.Remove(thought.Text)),
        CallArguments arguments => arguments with { Json = _secrets.Remove(arguments.Json) },
        _ => said,
    };

    private void Append(string path, RecordedCall recorded)
    {
        var file = new FileInfo(path);
        if (!file.Exists) Make(file);
        if (file.Exists && file.Length > LargestFile) return;
        if (!_numbers.TryGetValue(path, out var number))
        {
            if (_numbers.Count >= MostFiles) _numbers.Clear();
            number = file.Exists ? File.ReadLines(path).Count() : 0;
        }

        _numbers[path] = ++number;
        File.AppendAllText(path, (recorded with { Number = number }).ToLine());
    }

    private static void Make(FileInfo file)
    {
        var folder = file.Directory!;
        if (!folder.Exists)
        {
            if (OperatingSystem.IsWindows()) folder.Create();
            else Directory.CreateDirectory(folder.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        foreach (var old in folder.EnumerateFiles("*" + Extension).OrderByDescending(f => f.LastWriteTimeUtc).Skip(MostFiles - 1)) old.Delete();
    }
}

/// <summary>Keeps what is delivered, while it is.</summary>
internal sealed class Tape(ModelCall call, IModelAnswer answer, TimeProvider time) : IModelAnswer
{
    private readonly List<RecordedPiece> _pieces = [];
    private readonly long _started = time.GetTimestamp();

    public ModelCall Call => call;
    public DateTimeOffset At { get; } = time.GetUtcNow();
    public bool HasBegun { get; private set; }
    public int Status { get; private set; }
    public string ContentType { get; private set; } = "";
    public IReadOnlyList<RecordedPiece> Pieces => _pieces;

    public Task BeginAsync(int status, string contentType, IReadOnlyDictionary<string, string> headers, CancellationToken ct)
    {
        (HasBegun, Status, ContentType) = (true, status, contentType);
        return answer.BeginAsync(status, contentType, headers, ct);
    }

    public Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        _pieces.Add(RecordedPiece.Of((int)time.GetElapsedTime(_started).TotalMilliseconds, bytes.Span));
        return answer.WriteAsync(bytes, ct);
    }
}
