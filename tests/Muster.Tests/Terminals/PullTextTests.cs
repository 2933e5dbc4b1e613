using Muster.Contracts.Delivery;
using Muster.Terminals;

namespace Muster.Tests.Terminals;

public sealed class PullTextTests
{
    [Fact]
    public void A_diff_is_shown_in_colour_and_without_what_it_would_do_to_the_terminal()
    {
        var output = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(output, TextWriter.Null, json: false, colour: true, interactive: false, width: 80);

        PullText.WriteDiff(terminal, new DiffText { BaseSha = "a", HeadSha = "b", Diff = "@@ -1 +1 @@\n-old\n+new\u001b[1A\n kept\n", Truncated = false });

        Assert.Equal("\u001b[36m@@ -1 +1 @@\u001b[0m\n\u001b[31m-old\u001b[0m\n\u001b[32m+new\u001b[0m\n kept\n", output.ToString());
    }
}
