using System.Net;
using Muster.Contracts;
using Muster.Contracts.Delivery;
using Muster.Contracts.Events;
using Muster.Contracts.Fleet;
using Muster.Contracts.Security;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Tests.Delivery;

/// <summary>Roles are changed by pull requests that a person approves, whoever proposes them (B6).</summary>
[Trait("req", "B6")]
public sealed class ProposalTests
{
    private const string Role = "backend-engineer";

    [Fact]
    public async Task A_shipped_role_changes_when_a_person_approves_and_what_was_edited_by_hand_stays()
    {
        await using var forge = await Forge.StartAsync(host: false);
        var plane = forge.Plane;
        var own = Path.Combine(forge.Data, "roles");
        Directory.CreateDirectory(own);
        await File.WriteAllTextAsync(Path.Combine(own, "gardener.md"), "---\nteam: garden\n---\n\nYou tend it.\n");
        var before = await plane.GetAsync<RoleInfo>(Routes.With(Routes.Role, Role));
        var pull = await ProposeAsync(forge, before.Text + "\nWrite the test first.\n");
        Assert.Equal(("FLEET", 1, PullState.Open, "owner"), (pull.Project, pull.Number, pull.State, pull.Author));
        // The shipped text is no news: of the change itself there is one line.
        Assert.Contains("+Write the test first.", pull.Body);
        Assert.Single(pull.Body!.Split('\n'), line => line.StartsWith('+') && !line.StartsWith("+++", StringComparison.Ordinal) && line.Length > 1);
        await forge.UntilEventAsync(EventTypes.PullApprovalNeeded);
        pull = await forge.PullAsync("FLEET!1");
        Assert.Contains("it changes a role", pull.ApprovalReason);
        Assert.Equal(RoleSources.Shipped, (await plane.GetAsync<RoleInfo>(Routes.With(Routes.Role, Role))).Source);

        // Nobody but a person: not by an agent's token, nor under a lease.
        var token = await plane.PostAsync<TokenCreated>(Routes.Tokens, new CreateToken { Name = "agent", Scope = Scopes.Agent });
        using var agent = plane.Client(token.Secret);
        var word = new CreateReview { Verdict = Verdicts.Approve, HeadSha = pull.HeadSha };
        Assert.Equal(ProblemCodes.Forbidden, (await plane.RefusedAsync(HttpMethod.Post, Routes.With(Routes.PullReviews, pull.Id), word, client: agent)).Code);
        Assert.Equal(ProblemCodes.LeaseRequired, (await plane.RefusedAsync(HttpMethod.Post, Routes.With(Routes.RoleProposals, Role), new ProposeRole { Text = before.Text + "x", Why = "w" }, client: agent)).Code);
        Assert.False((await forge.PullAsync("FLEET!1")).Approved);

        await forge.ReviewAsync(pull, Verdicts.Approve);
        await forge.UntilStatusAsync("FLEET-1", TaskState.Done);
        var changed = await forge.UntilEventAsync(EventTypes.RoleChanged, one => one.Data!.Contains(Role, StringComparison.Ordinal));
        var after = await plane.GetAsync<RoleInfo>(Routes.With(Routes.Role, Role));
        Assert.Equal((RoleSources.Own, before.Team), (after.Source, after.Team));
        Assert.NotEqual(before.Hash, after.Hash);
        Assert.Contains(after.Hash, changed.Data);
        Assert.EndsWith("Write the test first.", after.Instructions);
        Assert.Equal("You tend it.", (await plane.GetAsync<RoleInfo>(Routes.With(Routes.Role, "gardener"))).Instructions);
        Assert.Equal("", await GitShell.RunAsync(own, "status", "--porcelain"));

        // Edited by hand meanwhile, and proposed again: the edit is in the history, and the proposal builds on it.
        await File.AppendAllTextAsync(Path.Combine(own, Role + ".md"), "By hand.\n");
        var second = await ProposeAsync(forge, after.Text + "By hand.\n\nAnd this.\n");
        Assert.Equal("+And this.", second.Body!.Split('\n').Single(line => line.StartsWith('+') && !line.StartsWith("+++", StringComparison.Ordinal) && line.Length > 1));
        Assert.Contains("Changed by hand", await GitShell.RunAsync(own, "log", "--format=%s"));

        // Sent back, it is a task of Seed's, who gets the words and goes on from there.
        await forge.UntilEventAsync(EventTypes.PullApprovalNeeded, one => one.Text.Contains("FLEET!2", StringComparison.Ordinal));
        await forge.ReviewAsync(second, Verdicts.RequestChanges, "Shorter.");
        await plane.PostAsync<HeartbeatAnswer>(Routes.AgentHeartbeat, new HeartbeatRequest { Agent = "maker", Role = "seed" });
        var again = Assert.Single(await plane.ClaimAsync("maker")).Previous!;
        Assert.Equal(("changes_requested", true, second.HeadSha, "Shorter."), (again.Outcome, again.Continue, again.HeadSha, again.Comments![0].Text));
    }

    [Fact]
    public async Task Seed_proposes_under_its_lease_three_times_a_task_and_nobody_else_does()
    {
        await using var forge = await Forge.StartAsync(host: false);
        var plane = forge.Plane;
        var seed = await ClaimAsync(forge, "maker", "seed");
        var other = await ClaimAsync(forge, "tester", "qa-testing");
        var path = Routes.With(Routes.RoleProposals, "tidier");
        ProposeRole Wish(string text) => new() { Text = $"---\nteam: research\n---\n\n{text}\n", Why = "It comes back." };

        Assert.Equal(ProblemCodes.Forbidden, (await plane.RefusedAsync(HttpMethod.Post, path, Wish("a"), other.Lease)).Code);
        foreach (var wrong in (ProposeRole[])[Wish("the key is ghp_" + new string('a', 36)), new ProposeRole { Text = "no front matter", Why = "w" }, new ProposeRole { Text = "---\ntools: [a\n---\nx", Why = "w" }, Wish("a") with { Why = " " }])
            Assert.Equal(ProblemCodes.Invalid, (await plane.RefusedAsync(HttpMethod.Post, path, wrong, seed.Lease)).Code);
        Assert.Contains("tidier.md:2", (await plane.RefusedAsync(HttpMethod.Post, path, new ProposeRole { Text = "---\ncolour: red\n---\nx", Why = "w" }, seed.Lease)).Detail);
        await plane.RefusedAsync(HttpMethod.Post, Routes.With(Routes.RoleProposals, "..%2Fx"), Wish("a"), seed.Lease);

        for (var i = 1; i <= 3; i++)
        {
            var pull = await plane.PostAsync<PullInfo>(path, Wish($"You tidy {i}."), seed.Lease);
            Assert.Equal(("maker", i), (pull.Author, pull.Number));
        }

        Assert.Contains("most that one may make", (await plane.RefusedAsync(HttpMethod.Post, path, Wish("You tidy 4."), seed.Lease)).Detail);
        await plane.CompleteAsync(seed);
        Assert.Equal(ProblemCodes.LeaseLost, (await plane.RefusedAsync(HttpMethod.Post, path, Wish("late"), seed.Lease)).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await plane.RawAsync(HttpMethod.Get, Routes.With(Routes.Role, "tidier"))).StatusCode);
    }

    private static Task<PullInfo> ProposeAsync(Forge forge, string text) => forge.Plane.PostAsync<PullInfo>(Routes.With(Routes.RoleProposals, Role), new ProposeRole { Text = text, Why = "Two tasks were handed in without tests." });

    private static async Task<ClaimedTask> ClaimAsync(Forge forge, string agent, string role)
    {
        await forge.Plane.PostAsync<HeartbeatAnswer>(Routes.AgentHeartbeat, new HeartbeatRequest { Agent = agent, Role = role });
        await forge.Plane.TaskAsync(new CreateTask { Project = "FLT", Title = "work", Role = role, Contract = "" });
        return Assert.Single(await forge.Plane.ClaimAsync(agent));
    }
}
