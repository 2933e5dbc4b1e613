using System.Text.Json;
using Muster.Contracts;

namespace Muster.Terminals;

/// <summary>
/// Where a command writes. Results go to standard output, everything said on the way to standard error; with
/// <c>--json</c> standard output holds one JSON document and nothing else.
/// </summary>
internal sealed class Terminal(TextWriter output, TextWriter error, bool json, bool colour, bool interactive, int width)
{
    private const string Reset = "\u001b[0m";

    /// <summary>Whether the result is one JSON document.</summary>
    public bool Json { get; } = json;

    /// <summary>Whether a person sits there: can be asked, and sees what moves.</summary>
    public bool Interactive { get; } = interactive;

    public bool Coloured { get; } = colour;

    public int Width { get; } = width;

    public static Terminal ForProcess(bool json)
    {
        var noColour = Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 } || Environment.GetEnvironmentVariable("TERM") == "dumb";
        var screen = !Console.IsOutputRedirected;
        return new Terminal(Console.Out, Console.Error, json, screen && !noColour, screen && !Console.IsInputRedirected && !json, screen ? SafeWidth() : 200);
    }

    /// <summary>A line of the result.</summary>
    public void Line(string text = "", Tone tone = Tone.None)
    {
        if (!Json) output.WriteLine(Paint(text, tone));
    }

    /// <summary>Lines of the result as they are, control codes taken out.</summary>
    public void Block(string text)
    {
        if (!Json) output.Write(Plain.Lines(text));
    }

    /// <summary>Said on the way; not part of the result.</summary>
    public void Note(string text) => error.WriteLine(Plain.Line(text));

    public void Fail(string sentence) => error.WriteLine($"error: {Plain.Line(sentence)}");

    /// <summary>The result as a document; nothing without <c>--json</c>.</summary>
    public void Document<T>(T value)
    {
        if (Json) output.WriteLine(JsonSerializer.Serialize(value, Wire.Indented));
    }

    /// <summary>One document a line, for what never ends.</summary>
    public void DocumentLine<T>(T value)
    {
        if (!Json) return;
        output.WriteLine(JsonSerializer.Serialize(value, Wire.Json));
        output.Flush();
    }

    public string Paint(string text, Tone tone) => !Coloured || tone == Tone.None || text.Length == 0 ? text : Tones.Code(tone) + text + Reset;

    /// <summary>Asks a question that is answered by yes or no.</summary>
    public async Task<bool> AskAsync(string question, CancellationToken stop) => (await AskTextAsync($"{question} [y/N]", stop))?.ToLowerInvariant() is "y" or "yes";

    /// <summary>Asks for a line.</summary>
    public async Task<string?> AskTextAsync(string question, CancellationToken stop)
    {
        output.Write($"{question} ");
        output.Flush();
        // Read on a thread of its own: reading cannot be interrupted, and whoever presses Ctrl-C here wants out.
        return (await Task.Run(Console.ReadLine, stop).WaitAsync(stop))?.Trim();
    }

    private static int SafeWidth()
    {
        try
        {
            return Console.WindowWidth is > 20 and var width ? width : 100;
        }
        catch (IOException)
        {
            // A terminal that does not tell its size.
            return 100;
        }
    }
}
