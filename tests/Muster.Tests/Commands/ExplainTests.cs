using Muster.Client;
using Muster.Commands;
using Muster.Contracts;
using Muster.Terminals;

namespace Muster.Tests.Commands;

public sealed class ExplainTests
{
    private readonly StringWriter _error = new();

    [Fact]
    public void A_refusal_is_told_with_its_fields()
    {
        var problem = new Problem { Title = "Bad", Status = 400, Code = ProblemCodes.Invalid, Detail = "The title is too long.", Errors = new Dictionary<string, string[]> { ["title"] = ["At most 500 characters."] } };

        Assert.Equal(ExitCodes.Failed, Explain(new MusterException(problem)));
        Assert.Contains("error: The title is too long.", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("title: At most 500 characters.", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_plane_that_does_not_answer_has_a_code_of_its_own() =>
        Assert.Equal(ExitCodes.NotReachable, Explain(new PlaneUnreachableException(new Uri("http://127.0.0.1:1"), "Connection refused.")));

    [Fact]
    public void An_interrupted_command_says_nothing()
    {
        Assert.Equal(ExitCodes.Interrupted, Explain(new OperationCanceledException()));
        Assert.Empty(_error.ToString());
    }

    [Fact]
    public void A_fault_of_ours_shows_no_stack_unless_asked()
    {
        Explain(new InvalidOperationException("broken"));

        Assert.DoesNotContain("   at ", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("InvalidOperationException: broken", _error.ToString(), StringComparison.Ordinal);
    }

    private int Explain(Exception error) => CommandLine.Explain(error, new Terminal(TextWriter.Null, _error, json: false, colour: false, interactive: false, width: 80), verbose: false);
}
