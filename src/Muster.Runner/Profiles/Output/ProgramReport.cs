using Muster.Runner.Builtin.Transcripts;

namespace Muster.Runner.Profiles.Output;

/// <summary>What is known of a run so far. What is said goes to the attempt's log, without secrets.</summary>
internal sealed class ProgramReport(Action<string> log, Action<int> progress, Redactor redactor)
{
    private const int LongestLine = 4_000;
    private const int MostLines = 60;

    // Done is said by the handing in, not by the program.
    private const int MostPercent = 95;

    private int _percent = -1;

    /// <summary>The last thing the program said to whoever asked it.</summary>
    public string? Final { get; private set; }

    /// <summary>The program's own words for why it did not finish.</summary>
    public string? Fault { get; private set; }

    public ProgramTokens? Tokens { get; private set; }

    /// <summary>The model as the program names it; null where it does not.</summary>
    public string? Model { get; set; }

    public int Tools { get; private set; }

    /// <summary>Something for the log, of any length.</summary>
    public void Say(string text, string indent = "")
    {
        var lines = text.TrimEnd().Split('\n');
        foreach (var line in lines.Take(MostLines)) log(Clean(indent + Cut(line.TrimEnd('\r'))));
        if (lines.Length > MostLines) log($"{indent}... ({lines.Length - MostLines} more lines left out)");
    }

    /// <summary>The program used a tool.</summary>
    public void Tool(string name, string what)
    {
        Tools++;
        Say($"> {name}{(what.Length == 0 ? "" : $": {what}")}");
    }

    public void Finish(string text)
    {
        if (!string.IsNullOrWhiteSpace(text)) Final = Clean(text.Trim());
    }

    public void Fail(string text) => Fault = Clean(Cut(text.Trim()));

    public void Count(ProgramTokens tokens, bool add = false) =>
        Tokens = add && Tokens is { } before ? new ProgramTokens(before.In + tokens.In, before.Out + tokens.Out, before.Cached + tokens.Cached) : tokens;

    /// <summary>So many points of the program's own list are done.</summary>
    public void Progress(int done, int all)
    {
        if (all <= 0) return;
        var percent = Math.Clamp(done * 100 / all, 0, MostPercent);
        if (percent <= _percent) return;
        _percent = percent;
        progress(percent);
    }

    public string Clean(string text) => redactor.Clean(text);

    private static string Cut(string text) => text.Length <= LongestLine ? text : $"{text[..LongestLine]} ... ({text.Length - LongestLine} more characters left out)";
}
