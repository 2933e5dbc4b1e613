using Muster.Contracts.Conversations;
using Muster.Terminals;

namespace Muster.Tests.Terminals;

/// <summary>A plan on a terminal: what fits on a phone first, then wave by wave, and nothing that moves the cursor (B5).</summary>
[Trait("req", "B5")]
public sealed class GoalTextTests
{
    [Fact]
    public void A_plan_is_shown_wave_by_wave_without_what_it_would_do_to_the_terminal()
    {
        var output = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(output, TextWriter.Null, json: false, colour: false, interactive: false, width: 80);
        PlannedTask Task(int number, string title, params int[] after) => new() { Number = number, Title = title, Description = "d", Role = "seed", Labels = [], Priority = 3, After = after, Hours = 1.5, Contract = "research" };
        var goal = new GoalInfo
        {
            Id = "1",
            Key = "G-1",
            ConversationId = "c",
            Request = "r",
            State = GoalState.WaitingApproval,
            Plan = new GoalPlan
            {
                Goal = "It works\u001b[2J",
                Project = new PlanProject { Key = "FLT" },
                Epics = [],
                Tasks = [Task(1, "First"), Task(2, "Second\u202e", 1), Task(3, "Third", 1)],
                Risks = ["It may\nbreak"],
                Questions = [new PlanQuestion { Text = "Which port?", Default = "8080" }],
            },
            PlanVersion = 1,
            Notes = [],
            Tasks = [],
            Report = "",
            CreatedAt = DateTimeOffset.UnixEpoch,
            UpdatedAt = DateTimeOffset.UnixEpoch,
        };

        GoalText.WritePlan(terminal, goal);
        GoalText.WriteWays(terminal, goal);

        Assert.Equal(
            """
            G-1  It works
            3 tasks in 2 waves, 4.5 h, for FLT
            1?    Which port?
                  taken: 8080  (say "1: ..." for another answer)
            risk  It may break

            wave 1
            #  ROLE  HOURS  DONE MEANS  TITLE
            1  seed  1.5    research    First

            wave 2
            #  ROLE  HOURS  AFTER  DONE MEANS  TITLE
            2  seed  1.5    1      research    Second
            3  seed  1.5    1      research    Third

            begin   muster goal approve G-1
            change  muster ask --goal G-1 "WHAT TO CHANGE"
            reject  muster goal reject G-1

            """, output.ToString());
    }
}
