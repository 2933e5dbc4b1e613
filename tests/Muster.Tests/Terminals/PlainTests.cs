using Muster.Terminals;

namespace Muster.Tests.Terminals;

public sealed class PlainTests
{
    [Theory]
    [InlineData("a\u001b[31mb\u001b[0mc", "abc")]
    [InlineData("\u001b]0;window title\abeside", "beside")]
    [InlineData("\u001b]8;;http://evil\u001b\\link", "link")]
    [InlineData("\u001bP1$r\u001b\\x", "x")]
    [InlineData("over\rwritten\b\b", "overwritten")]
    [InlineData("one\ntwo\tthree", "one two three")]
    [InlineData("turned \u202eround\u2066", "turned round")]
    [InlineData("\u009b31mC1", "31mC1")]
    [InlineData("ends with \u001b", "ends with")]
    [InlineData("never ends \u001b[12", "never ends")]
    [InlineData(null, "")]
    public void A_line_keeps_nothing_that_moves_a_terminal(string? text, string plain) => Assert.Equal(plain, Plain.Line(text));

    [Fact]
    public void Lines_keep_their_ends_and_tabs() => Assert.Equal("a\n\tb\n", Plain.Lines("a\r\n\tb\n"));

    [Fact]
    public void An_unfinished_title_hides_no_later_line() => Assert.Equal("a\nb", Plain.Lines("a\u001b]0;title\nb"));

    [Fact]
    public void What_is_too_long_ends_with_an_ellipsis() => Assert.Equal("abc…", Plain.Fit("abcdefgh", 4));
}
