using Muster.Commands;

namespace Muster.Tests.Commands;

public sealed class AgentPathsTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly List<string> _notes = [];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Paths_from_here_become_absolute_because_agents_run_elsewhere()
    {
        Script("agent.sh");
        Script("rules.txt");

        Assert.Equal([_scratch["agent.sh"], _scratch["rules.txt"], "--fast", "."], Absolute("./agent.sh", "./rules.txt", "--fast", "."));
    }

    [Fact]
    public void Programs_on_the_path_stay_and_a_likely_slip_is_told()
    {
        Script("agent.py");

        Assert.Equal(["python3", "agent.py"], Absolute("python3", "agent.py"));
        Assert.Contains("./agent.py", Assert.Single(_notes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_that_is_not_there_is_refused() =>
        Assert.Contains("There is no file", Assert.Throws<CommandException>(() => Absolute("./nothing.sh")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_program_that_may_not_run_says_how_to_let_it()
    {
        File.WriteAllText(_scratch["agent.sh"], "");

        Assert.Contains("chmod +x", Assert.Throws<CommandException>(() => Absolute("./agent.sh")).Hint, StringComparison.Ordinal);
    }

    private IReadOnlyList<string> Absolute(params string[] command) => AgentPaths.Absolute(command, _scratch.Path, local: true, _notes.Add);

    private void Script(string name)
    {
        File.WriteAllText(_scratch[name], "");
        File.SetUnixFileMode(_scratch[name], UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
    }
}
