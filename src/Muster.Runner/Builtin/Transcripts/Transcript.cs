using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Muster.Runner.Builtin.Chat;

namespace Muster.Runner.Builtin.Transcripts;

/// <summary>
/// What was said and done: line by line into the attempt's log as it happens, short, for whoever watches; and as JSON lines, longer,
/// kept when the attempt ends. Both are bounded, and both pass the redactor.
/// </summary>
internal sealed class Transcript(Action<string> log, Redactor redactor, TimeProvider time) : IAnswerListener, IDisposable
{
    private const int LoggedLines = 8;
    private const int LoggedWidth = 300;
    private const int KeptText = 8000;
    private const int KeptBytes = 8 * 1024 * 1024;
    private const int KeyLines = 200;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly MemoryStream _kept = new();
    private readonly StringBuilder _line = new();
    private bool _full;
    private int _keyLinesLeft;

    /// <summary>A word of the runner's own.</summary>
    public void Note(string text)
    {
        Line($"muster: {text}");
        Keep(new { At = Now, Kind = "note", Text = Cut(redactor.Clean(text)) });
    }

    public void Step(int step, int messages, long estimate)
    {
        Line($"--- step {step} (about {estimate:n0} tokens)");
        Keep(new { At = Now, Kind = "step", Step = step, Messages = messages, Estimate = estimate });
    }

    /// <summary>What the model was told first.</summary>
    public void Opening(string system, string task) => Keep(new { At = Now, Kind = "opening", System = Cut(redactor.Clean(system)), Task = Cut(redactor.Clean(task)) });

    public void OnText(string text)
    {
        foreach (var c in text)
        {
            if (c == '\n') FlushLine();
            else if (_line.Length < 4000 && (c == '\t' || !char.IsControl(c))) _line.Append(c);
        }
    }

    public void OnAgain(string reason)
    {
        FlushLine();
        Note($"the answer does not count and is asked for again: {reason}");
    }

    public void Answer(ChatResponse response)
    {
        FlushLine();
        var thought = string.Concat(response.Messages.SelectMany(message => message.Contents).OfType<TextReasoningContent>().Select(content => content.Text));
        Keep(new
        {
            At = Now,
            Kind = "answer",
            Model = response.ModelId,
            Text = response.Text.Length > 0 ? Cut(redactor.Clean(response.Text)) : null,
            Thought = thought.Length > 0 ? Cut(redactor.Clean(thought)) : null,
            Finish = response.FinishReason?.Value,
            TokensIn = response.Usage?.InputTokenCount,
            TokensCached = response.Usage?.CachedInputTokenCount,
            TokensOut = response.Usage?.OutputTokenCount,
        });
    }

    public void Call(FunctionCallContent call)
    {
        var arguments = call.Exception is null ? JsonSerializer.Serialize(call.Arguments, Json) : call.RawRepresentation as string ?? "";
        Line($"> {call.Name} {arguments}");
        Keep(new { At = Now, Kind = "call", Id = call.CallId, Tool = Cut(redactor.Clean(call.Name)), Arguments = Cut(redactor.Clean(arguments)) });
    }

    public void Result(FunctionCallContent call, ToolResult result)
    {
        var lines = result.Text.Split('\n', LoggedLines + 2, StringSplitOptions.RemoveEmptyEntries);
        foreach (var line in lines.Take(LoggedLines)) Line($"{(result.Failed ? "!" : "|")} {line}");
        if (lines.Length > LoggedLines) Line($"| ... ({result.Text.Length} characters in all)");
        Keep(new { At = Now, Kind = "result", Id = call.CallId, Failed = result.Failed ? true : (bool?)null, Text = Cut(redactor.Clean(result.Text)), Characters = result.Text.Length });
    }

    public void End(string ending, string? reason, long tokensIn, long tokensOut)
    {
        FlushLine();
        Line($"muster: {ending}{(reason is null ? "" : $": {reason}")} ({tokensIn:n0} tokens read, {tokensOut:n0} written)");
        Keep(new { At = Now, Kind = "end", Ending = ending, Reason = reason is null ? null : redactor.Clean(reason), TokensIn = tokensIn, TokensOut = tokensOut });
    }

    public string Clean(string text) => redactor.Clean(text);

    /// <summary>All that was kept, as JSON lines.</summary>
    public MemoryStream Content() => new(_kept.ToArray());

    public void Dispose() => _kept.Dispose();

    private DateTimeOffset Now => time.GetUtcNow();

    private void FlushLine()
    {
        if (_line.Length == 0) return;
        Line(_line.ToString());
        _line.Clear();
    }

    private void Line(string text)
    {
        foreach (var part in text.Split('\n'))
        {
            // A key in several lines shows its nature in the first and last one only.
            var begins = part.Contains("-----BEGIN", StringComparison.Ordinal) && part.Contains("PRIVATE KEY", StringComparison.Ordinal);
            if (begins) _keyLinesLeft = KeyLines;
            var inKey = _keyLinesLeft > 0;
            if (inKey && part.Contains("-----END", StringComparison.Ordinal)) _keyLinesLeft = 0;
            else if (inKey) _keyLinesLeft--;
            // Cleaned before it is cut: half a secret is one too, and no longer looks like it.
            var clean = inKey ? "[redacted]" : redactor.Clean(part);
            log(Texts.CutCounted(clean, LoggedWidth));
        }
    }

    private void Keep(object entry)
    {
        if (_full) return;
        var line = JsonSerializer.SerializeToUtf8Bytes(entry, Json);
        if (_kept.Length + line.Length > KeptBytes)
        {
            _full = true;
            line = JsonSerializer.SerializeToUtf8Bytes(new { At = Now, Kind = "note", Text = "The transcript is at its limit; what follows is not kept." }, Json);
        }

        _kept.Write(line);
        _kept.WriteByte((byte)'\n');
    }

    private static string Cut(string text) => Texts.CutCounted(text, KeptText);
}
