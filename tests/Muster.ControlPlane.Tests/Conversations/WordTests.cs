using Muster.Contracts.Conversations;
using Muster.Contracts.Work;
using Muster.ControlPlane.Conversations;

namespace Muster.ControlPlane.Tests.Conversations;

/// <summary>Short words of a person need no model; reports fit on a phone; preferences hold no secrets.</summary>
[Trait("req", "B5")]
public sealed class WordTests
{
    [Theory]
    [InlineData("Yes!", nameof(WordKind.Approve))]
    [InlineData(" ok ", nameof(WordKind.Approve))]
    [InlineData("go ahead.", nameof(WordKind.Approve))]
    [InlineData("no", nameof(WordKind.Reject))]
    [InlineData("Forget it.", nameof(WordKind.Cancel))]
    [InlineData("status?", nameof(WordKind.Report))]
    [InlineData("drop 3", nameof(WordKind.Drop))]
    [InlineData("Drop tasks 2, 4 and 5", nameof(WordKind.Drop))]
    [InlineData("1: port 8080", nameof(WordKind.Answer))]
    [InlineData("answer 2 = no", nameof(WordKind.Answer))]
    [InlineData("remember that I like small steps", nameof(WordKind.Remember))]
    [InlineData("Remember: small steps", nameof(WordKind.Remember))]
    [InlineData("remember", nameof(WordKind.Remember))]
    [InlineData("yes, but make the tests first", nameof(WordKind.Free))]
    [InlineData("no tests please", nameof(WordKind.Free))]
    [InlineData("drop the database task", nameof(WordKind.Free))]
    [InlineData("drop 3 and do 4 twice", nameof(WordKind.Free))]
    [InlineData("stop the service when it is idle", nameof(WordKind.Free))]
    [InlineData("remember me in the login form\nand more", nameof(WordKind.Free))]
    public void A_word_means_what_it_says_and_a_sentence_is_left_to_thought(string said, string kind) => Assert.Equal(kind, PersonWord.Of(said).Kind.ToString());

    [Fact]
    public void Numbers_are_read() => Assert.Equal([2, 4, 5], PersonWord.Of("drop tasks 2, 4 and 5").Numbers);

    [Fact]
    public void A_report_is_never_more_than_a_phones_screen()
    {
        var nasty = string.Concat(Enumerable.Repeat("\u001b[31mvery\u202e long\n", 200));
        var goal = new GoalRow { Number = 7, State = GoalState.Running, Request = nasty, Title = nasty, Waiting = GoalWaits.Person, WaitingDetail = nasty };
        var tasks = Enumerable.Range(1, 500).Select(n => new GoalTask
        {
            Number = n,
            Key = $"FLT-{n}",
            Title = nasty,
            Counts = n % 7 != 0,
            LastReason = nasty,
            Status = (n % 6) switch { 0 => TaskState.Done, 1 => TaskState.Failed, 2 => TaskState.InProgress, 3 => TaskState.Cancelled, 4 => TaskState.Review, _ => TaskState.Pending },
        }).ToList();
        foreach (var state in GoalState.All)
        {
            var lines = GoalReport.Text(goal with { State = state }, tasks, [.. Enumerable.Range(1, 50).Select(n => new NeedsPerson(nasty, nasty))]).Split('\n');
            Assert.InRange(lines.Length, 1, GoalReport.Lines);
            Assert.All(lines, l => Assert.InRange(l.Length, 1, GoalReport.Width));
            Assert.All(lines, l => Assert.DoesNotContain(l, char.IsControl));
        }
    }

    [Fact]
    public void A_plan_is_told_on_a_phones_screen()
    {
        var nasty = new string('x', 5000);
        var plan = new GoalPlan
        {
            Goal = nasty,
            Project = new PlanProject { Repository = nasty, Name = nasty },
            Epics = [],
            Tasks = [.. Enumerable.Range(1, 200).Select(n => Chief.Task(n, nasty))],
            Risks = [nasty],
            Questions = [.. Enumerable.Range(1, 10).Select(_ => new PlanQuestion { Text = nasty, Default = nasty })],
        };
        var lines = PlanSummary.Text(new GoalRow { Number = 1 }, plan, nasty, begun: false).Split('\n');
        Assert.InRange(lines.Length, 5, PlanSummary.Lines);
        Assert.All(lines, l => Assert.InRange(l.Length, 1, PlanSummary.Width * 3));
    }

    [Theory]
    [InlineData("I prefer small pull requests", false)]
    [InlineData("The token of a bus is a coin", false)]
    [InlineData("my password is hunter2222", true)]
    [InlineData("api key: abcd1234", true)]
    [InlineData("use sk-proj-abcdefghijklmnop", true)]
    [InlineData("gh" + "p_abcdefghijklmnopqrstuvwxyz0123456789", true)]
    [InlineData("mst_0123456789abcdef", true)]
    [InlineData("-----BEGIN " + "PRIVATE KEY-----", true)]
    public void A_secret_is_no_preference(string line, bool secret) => Assert.Equal(secret, Preferences.HoldsSecret(line));

    [Fact]
    public void Preferences_are_a_plain_file_that_stays_small()
    {
        var folder = Directory.CreateTempSubdirectory("muster-test-").FullName;
        try
        {
            var preferences = new Preferences(new ControlPlaneOptions { DataFolder = folder });
            Assert.Null(preferences.Add("small pull requests"));
            Assert.Null(preferences.Add("- Small pull requests"));
            Assert.Equal("# What I prefer\n- small pull requests", preferences.Read());
            Assert.NotNull(preferences.Add("my password is hunter2222"));
            File.AppendAllText(preferences.File, "- token = abcdefgh1234\n- and tests first\n");
            Assert.Contains("abcdefgh1234", preferences.Read(), StringComparison.Ordinal);
            Assert.Equal("# What I prefer\n- small pull requests\n- and tests first", preferences.ForModels());
            for (var i = 0; i < 1000; i++) preferences.Add($"line {i} of very many that somebody wants to be remembered");
            Assert.InRange(new FileInfo(preferences.File).Length, 1000, Preferences.Limit + 100);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
