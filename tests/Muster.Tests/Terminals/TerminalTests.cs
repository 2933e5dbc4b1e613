using Muster.Terminals;

namespace Muster.Tests.Terminals;

public sealed class TerminalTests
{
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };

    private Terminal New(bool json = false, bool colour = false, int width = 80) => new(_output, _error, json, colour, interactive: false, width);

    [Fact]
    public void With_json_standard_output_holds_the_document_and_nothing_else()
    {
        var terminal = New(json: true);

        terminal.Line("said");
        terminal.Block("more");
        new Grid("A").Row("x").WriteTo(terminal, "none");
        terminal.Note("on the way");
        terminal.Document(new { answer = 42 });

        Assert.Equal("{\n  \"answer\": 42\n}\n", _output.ToString());
        Assert.Equal("on the way\n", _error.ToString());
    }

    [Fact]
    public void Columns_are_aligned_and_empty_ones_left_out()
    {
        new Grid("KEY", "NOTE", "TITLE").Row("A-1", "", "first").Row("LONG-12", "", "second").WriteTo(New(), "none");

        Assert.Equal("KEY      TITLE\nA-1      first\nLONG-12  second\n", _output.ToString());
    }

    [Fact]
    public void The_last_column_is_cut_at_the_edge_of_the_terminal()
    {
        new Grid("KEY", "TITLE").Row("A-1", new string('x', 100)).WriteTo(New(width: 30), "none");

        Assert.All(_output.ToString().Split('\n'), line => Assert.True(line.Length <= 30));
    }

    [Fact]
    public void A_grid_without_rows_says_so()
    {
        new Grid("KEY").WriteTo(New(), "Nothing here.");

        Assert.Equal("Nothing here.\n", _output.ToString());
    }

    [Fact]
    public void Colour_comes_only_where_it_is_wanted()
    {
        New().Line("plain", Tone.Good);
        New(colour: true).Line("green", Tone.Good);

        Assert.Equal("plain\n\u001b[32mgreen\u001b[0m\n", _output.ToString());
    }

    [Fact]
    public void An_agents_control_codes_do_not_reach_the_grid()
    {
        new Grid("TITLE").Row("\u001b[2Jcleared\u001b]0;owned\a").WriteTo(New(), "none");

        Assert.Equal("TITLE\ncleared\n", _output.ToString());
    }
}
