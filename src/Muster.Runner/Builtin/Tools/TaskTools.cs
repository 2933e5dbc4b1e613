using Muster.Contracts.Delivery;
using Muster.Contracts.Work;
using Muster.Runner.Builtin.Guards;
using Muster.Runner.Builtin.Transcripts;
using Muster.Runner.Executors;

namespace Muster.Runner.Builtin.Tools;

/// <summary>Saying something about the task: progress, a question, a file worth keeping, the end.</summary>
internal sealed class TaskTools(Attempt attempt, AttemptFolder folder, Progression progression, Redactor redactor, LeakGuard guard)
{
    private const int MaxSummary = 6000;
    private const int MaxArtifact = 5 * 1024 * 1024;
    private const int MaxEvidence = 50;
    private const int MaxLesson = 1000;

    private static readonly ToolParameter Learnt = new(
        "lesson", "string", "What you would do at once next time and could not know, in one sentence or two, with how you know it; for whoever works in your role after you. Only what is new and not only about this task", Required: false);

    private readonly List<EvidenceClaim> _evidence = [];

    public IEnumerable<AgentTool> Tools =>
    [
        AgentTool.Create("progress", "Reports how far the task is. Call it after each part that stands by itself.",
            [new("percent", "integer", "0 to 100"), new("note", "string", "What is done, in a sentence", Required: false)], ProgressAsync),
        AgentTool.Create("ask", "Asks a person, and ends this attempt until the answer is there. Only for what you cannot find out and must not guess; offer choices and say which you would take. Commit first.",
            [
                new("question", "string", "One question that can be answered in a line"),
                new("choices", "strings", "Answers to choose from", Required: false),
                new("default", "string", "What you would do without an answer", Required: false),
            ], AskAsync),
        AgentTool.Create("artifact", "Keeps a file with the task, for people and later agents: a report, a log, an image. Not for source code, which is committed.",
            [
                new("name", "string", "Its name, such as report.md"),
                new("path", "string", "File in the workspace to keep", Required: false),
                new("content", "string", "Its text, when it is not in a file", Required: false),
            ], ArtifactAsync),
        AgentTool.Create("evidence", "Names proof that the task's contract asks for and that is not in the repository: a source you relied on, a finding. The plane looks at it itself.",
            [
                new("kind", "string", "What it is") { Values = EvidenceKinds.All },
                new("reference", "string", "What it points at: a URL, a file's path, an artifact's name"),
                new("detail", "string", "What it shows", Required: false),
            ], (arguments, _) => Task.FromResult(Evidence(arguments))),
        AgentTool.Create("finish", "Hands the work in. Call it when everything the task asks for is done and tried; what is uncommitted is committed.",
            [
                new("summary", "string", "What was done and how it was checked, in a few sentences for a reviewer"),
                new("unsure", "strings", "What you are not sure of or did not check; empty when there is nothing", Required: false),
                Learnt,
            ], FinishAsync),
        AgentTool.Create("give_up", "Ends the attempt without a result, because the task cannot be done. Say what stands in the way and what you tried.",
            [new("reason", "string", "Why"), new("retry", "boolean", "Whether another attempt could do better", Required: false), Learnt], (arguments, _) => Task.FromResult(GiveUp(arguments))),
    ];

    private async Task<string> ProgressAsync(ToolArguments arguments, CancellationToken cancellation)
    {
        var percent = arguments.Number("percent", 0, 0, 100);
        await attempt.ReportProgressAsync(percent, cancellation);
        return $"Reported: {percent}%.";
    }

    private async Task<string> AskAsync(ToolArguments arguments, CancellationToken cancellation)
    {
        var question = redactor.Clean(arguments.Text("question").Trim());
        if (question.Length is 0 or > 1500) throw new ToolFailureException("A question has 1 to 1500 characters.");
        var choices = arguments.Texts("choices");
        var text = Questions.Mark + question
            + string.Concat(choices.Take(8).Select(choice => "\n- " + Texts.Cut(redactor.Clean(choice), 200)))
            + (arguments.OptionalText("default") is { Length: > 0 } otherwise ? $"\nWithout an answer I would: {Texts.Cut(redactor.Clean(otherwise), 500)}" : "");
        await attempt.CommentAsync(text, cancellation);
        progression.End = Questions.Waiting(question);
        return "Asked. This attempt ends here and is gone on with when there is an answer.";
    }

    private async Task<string> ArtifactAsync(ToolArguments arguments, CancellationToken cancellation)
    {
        var name = redactor.Clean(arguments.Text("name"));
        if (name.Length is 0 or > 200 || name.Any(char.IsControl)) throw new ToolFailureException("A name is one line of up to 200 characters.");
        var path = arguments.OptionalText("path");
        await using var content = path is null ? new MemoryStream(System.Text.Encoding.UTF8.GetBytes(redactor.Clean(arguments.Text("content")))) : await ReadAsync(path, cancellation);
        var size = content.Length;
        await attempt.StoreArtifactAsync(name, content, ContentType(name), cancellation);
        progression.Reported();
        return $"Stored '{name}' ({size} bytes).";
    }

    private async Task<MemoryStream> ReadAsync(string path, CancellationToken cancellation)
    {
        await using var file = Files.Open(folder.Existing(path), path);
        if (file.Length > MaxArtifact) throw new ToolFailureException($"'{path}' has {file.Length} bytes; at most {MaxArtifact} can be kept.");
        var content = new MemoryStream();
        await file.CopyToAsync(content, cancellation);
        if (redactor.Finds(System.Text.Encoding.Latin1.GetString(content.GetBuffer(), 0, (int)content.Length))) throw new ToolFailureException($"'{path}' holds a secret of the runner and is not kept.");
        content.Position = 0;
        return content;
    }

    private string Evidence(ToolArguments arguments)
    {
        var (kind, reference) = (arguments.Text("kind"), redactor.Clean(arguments.Text("reference")).Trim());
        if (!EvidenceKinds.All.Contains(kind)) throw new ToolFailureException($"Evidence is one of {string.Join(", ", EvidenceKinds.All)}.");
        if (reference.Length is 0 or > 2000 || reference.Contains('\n', StringComparison.Ordinal)) throw new ToolFailureException("A reference is one line of up to 2000 characters.");
        if (_evidence.Count >= MaxEvidence) throw new ToolFailureException($"At most {MaxEvidence} pieces of evidence.");
        var detail = arguments.OptionalText("detail");
        _evidence.Add(new EvidenceClaim { Kind = kind, Reference = reference, Detail = detail is null ? null : Texts.Cut(redactor.Clean(detail), 5000) });
        progression.Reported();
        return "Noted; it is handed in with the rest.";
    }

    private async Task<string> FinishAsync(ToolArguments arguments, CancellationToken cancellation)
    {
        await guard.CheckAsync(cancellation);
        var summary = redactor.Clean(arguments.Text("summary").Trim());
        if (summary.Length == 0) throw new ToolFailureException("Say in the summary what was done.");
        progression.End = new ExecutionResult
        {
            Ending = Ending.Ready,
            Evidence = _evidence.Count == 0 ? null : [.. _evidence],
            Lesson = Lesson(arguments),
            Summary = Summaries.Compose(Texts.Cut(summary, MaxSummary), [.. arguments.Texts("unsure").Select(redactor.Clean)], [.. progression.Commands.Select(ran => ran with { Command = redactor.Clean(ran.Command) })]),
        };
        return "Handed in.";
    }

    private string GiveUp(ToolArguments arguments)
    {
        var reason = redactor.Clean(arguments.Text("reason").Trim());
        if (reason.Length == 0) throw new ToolFailureException("Say why.");
        progression.End = ExecutionResult.Failed($"The agent gave up: {Texts.Cut(reason, 2000)}", arguments.Flag("retry")) with { Lesson = Lesson(arguments) };
        return "Ended.";
    }

    private string? Lesson(ToolArguments arguments) =>
        arguments.OptionalText("lesson") is { Length: > 0 } lesson && redactor.Clean(Texts.Cut(lesson, MaxLesson)).Trim() is { Length: > 0 } clean ? clean : null;

    private static string ContentType(string name) => Path.GetExtension(name).ToLowerInvariant() switch
    {
        ".md" => "text/markdown",
        ".txt" or ".log" => "text/plain",
        ".json" => "application/json",
        ".csv" => "text/csv",
        ".html" => "text/html",
        ".png" => "image/png",
        ".svg" => "image/svg+xml",
        ".pdf" => "application/pdf",
        _ => "application/octet-stream",
    };
}

/// <summary>Questions that agents put to people, as comments on the task.</summary>
internal static class Questions
{
    public const string Mark = "Question (answer with a comment): ";

    public static ExecutionResult Waiting(string question) =>
        new() { Ending = Ending.Released, Reason = $"question: {question}", WaitFor = WaitingCodes.Approval };

    /// <summary>The newest question of this agent's kind that nobody else has written anything after.</summary>
    public static string? Open(IReadOnlyList<TaskUpdateInfo> comments) =>
        comments is [.., var last] && last.Text.StartsWith(Mark, StringComparison.Ordinal) ? last.Text[Mark.Length..].Split('\n')[0] : null;
}

/// <summary>The text that is handed in.</summary>
internal static class Summaries
{
    public static string Compose(string summary, IReadOnlyList<string> unsure, IReadOnlyList<RanCommand> commands)
    {
        var parts = new List<string> { summary };
        if (unsure.Count > 0) parts.Add("Not sure of:\n" + string.Join('\n', unsure.Take(20).Select(item => "- " + Texts.Line(item, 300))));
        if (commands.Count > 0) parts.Add("Run after the last edit:\n" + string.Join('\n', commands.Select(ran => $"- `{Texts.Line(ran.Command, 120)}` {ran.Outcome}")));
        return string.Join("\n\n", parts);
    }
}
