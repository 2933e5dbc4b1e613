using Muster.Demo;

namespace Muster.Tests.Demo;

public sealed class DemoReportTests
{
    private static readonly DemoKill Kill = new("ada", 7, "HEL-1");
    private static readonly DemoHealth Health = new("http://127.0.0.1:1/v1/health", 200, "{}");

    [Fact]
    public void All_done_merged_and_healthy_leaves_nothing_missing() =>
        Assert.Empty(DemoReport.Missing([Done("HEL-1", "abc")], Target(Commit("abc", "HEL-1")), "abc", null, Health, Kill, mayKill: true));

    [Fact]
    public void A_done_task_whose_commit_is_not_there_is_missing() =>
        Assert.Contains("HEL-1", Assert.Single(DemoReport.Missing([Done("HEL-1", "abc")], Target(Commit("abc", "HEL-2")), "abc", null, Health, Kill, mayKill: true)), StringComparison.Ordinal);

    [Fact]
    public void Every_fault_is_told_at_once()
    {
        var missing = DemoReport.Missing([Done("HEL-1", "abc") with { Status = "failed" }], Target(), "other", null, Health with { Status = 503 }, null, mayKill: true);

        Assert.Equal(4, missing.Count);
    }

    [Fact]
    public void Nobody_is_missed_who_was_not_to_be_killed_and_a_task_that_asked_no_model_is_told()
    {
        Assert.Empty(DemoReport.Missing([Done("HEL-1", "abc")], Target(Commit("abc", "HEL-1")), "abc", null, Health, null, mayKill: false));
        Assert.Contains("without a model", Assert.Single(DemoReport.Missing([Done("HEL-1", "abc") with { Calls = 0 }], Target(Commit("abc", "HEL-1")), "abc", null, Health, Kill, mayKill: true)), StringComparison.Ordinal);
    }

    private static DemoTask Done(string key, string commit) => new() { Key = key, Title = key, Attempts = 1, Commit = commit, Evidence = [], Status = "done", Rehearsal = true, Calls = 3, Tokens = 100 };

    private static DemoTarget Target(params DemoCommit[] commits) => new() { Branch = "main", Head = "abc", Commits = commits };

    private static DemoCommit Commit(string sha, string task) => new(sha, "A change", new Dictionary<string, string>
    {
        ["Muster-Task"] = task,
        ["Muster-Assignment"] = "1",
        ["Muster-Agent"] = "ada",
    });
}
