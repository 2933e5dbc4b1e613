using System.Text;

namespace Muster.Terminals;

/// <summary>Aligned columns. The last column takes what room is left and is cut there.</summary>
internal sealed class Grid(params string[] headings)
{
    private readonly List<Cell[]> _rows = [];

    public bool Empty => _rows.Count == 0;

    public Grid Row(params Cell[] cells)
    {
        _rows.Add(cells);
        return this;
    }

    /// <summary>Writes the rows, or <paramref name="whenEmpty"/> when there are none.</summary>
    public void WriteTo(Terminal terminal, string whenEmpty)
    {
        if (terminal.Json) return;
        if (Empty)
        {
            terminal.Line(whenEmpty);
            return;
        }

        // A column that says nothing is left out.
        var shown = Enumerable.Range(0, headings.Length).Where(column => _rows.Any(row => row[column].Text.Length > 0)).ToArray();
        var widths = shown.Select(column => Math.Max(headings[column].Length, _rows.Max(row => row[column].Text.Length))).ToArray();
        terminal.Line(Line(terminal, [.. shown.Select(column => new Cell(headings[column], Tone.Faint))], widths));
        foreach (var row in _rows) terminal.Line(Line(terminal, [.. shown.Select(column => row[column])], widths));
    }

    private static string Line(Terminal terminal, Cell[] cells, int[] widths)
    {
        var line = new StringBuilder();
        var used = 0;
        for (var column = 0; column < cells.Length; column++)
        {
            var last = column == cells.Length - 1;
            var text = last ? Plain.Fit(cells[column].Text, Math.Max(10, terminal.Width - used)) : cells[column].Text;
            line.Append(terminal.Paint(text, cells[column].Tone));
            if (last) break;
            line.Append(' ', widths[column] - text.Length + 2);
            used += widths[column] + 2;
        }

        return line.ToString().TrimEnd();
    }
}

/// <summary>One cell: text without control codes, and what it means.</summary>
internal readonly record struct Cell
{
    public Cell(string? text, Tone tone = Tone.None) => (Text, Tone) = (Plain.Line(text), tone);

    public string Text { get; }
    public Tone Tone { get; }

    public static implicit operator Cell(string? text) => new(text);

    public static implicit operator Cell(int number) => new($"{number}");

    /// <summary>A state word in its colour.</summary>
    public static Cell State(string? state) => new(state, Tones.OfState(state));
}
