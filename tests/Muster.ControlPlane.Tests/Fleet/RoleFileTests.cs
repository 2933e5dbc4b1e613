using Muster.Contracts.Fleet;
using Muster.ControlPlane.Fleet.Roles;

namespace Muster.ControlPlane.Tests.Fleet;

/// <summary>Roles are files that a person writes (A1): what is wrong in one is said with its line, and harms no other.</summary>
public sealed class RoleFileTests
{
    private const string Whole = """
        ---
        team: production
        labels: [a, b]
        tools: [read, "grafana__*", -shell]
        mcp: [grafana]
        route: fast
        limits: { usd: 2.5, tokens: 3_000_000, calls: 40, turns: 20, minutes: 15 }
        evidence: commit + pr(merged) + research
        ---

        You do things.
        """;

    [Fact, Trait("req", "A1")]
    public void All_of_the_front_matter_is_read()
    {
        var role = RoleFile.Parse("mine", Whole, "mine.md", RoleSources.Own);

        Assert.Equal(("production", "fast", "commit + pr(merged) + research", "You do things."), (role.Team, role.Route, role.Evidence?.ToString(), role.Instructions));
        Assert.Equal(["a", "b"], role.Labels);
        Assert.Equal(["read", "grafana__*", "-shell"], role.Tools!);
        Assert.Equal(["grafana"], role.Mcp!);
        Assert.Equal(new RoleLimits { Usd = 2.5, Tokens = 3_000_000, Calls = 40, Turns = 20, Minutes = 15 }, role.Limits);
    }

    [Fact, Trait("req", "D11")]
    public void The_hash_stands_for_what_is_in_effect_and_not_for_how_it_is_written()
    {
        var hash = RoleFile.Parse("mine", Whole, "mine.md", RoleSources.Own).Hash;
        var other = Whole.Replace("team: production\nlabels: [a, b]", "# a comment\nlabels:\n  - a\n  - b\nteam: 'production'", StringComparison.Ordinal).ReplaceLineEndings("\r\n");

        Assert.Equal(64, hash.Length);
        Assert.Equal(hash, RoleFile.Parse("mine", other, "elsewhere.md", RoleSources.Shipped).Hash);
        Assert.NotEqual(hash, RoleFile.Parse("mine", Whole.Replace("calls: 40", "calls: 41", StringComparison.Ordinal), "mine.md", RoleSources.Own).Hash);
        Assert.NotEqual(hash, RoleFile.Parse("mine", Whole + " More.", "mine.md", RoleSources.Own).Hash);
    }

    [Theory, Trait("req", "A1")]
    [InlineData("no front matter at all", 1, "front matter")]
    [InlineData("---\nteam: a\n", 1, "front matter")]
    [InlineData("---\nteam: a\n---\n \n", 3, "instructions")]
    [InlineData("---\nteam: a\ntols: [x]\n---\nx", 3, "'tols' is no key")]
    [InlineData("---\nteam: a\nteam: b\n---\nx", 3, "twice")]
    [InlineData("---\nlabels: [a\nteam: b\n---\nx", 2, "YAML")]
    [InlineData("---\nlabels: [a, [b]]\n---\nx", 2, "plain text")]
    [InlineData("---\nteam: &x a\nroute: *x\n---\nx", 2, "Anchors")]
    [InlineData("---\nteam: a\nroute: *x\n---\nx", 3, "plain text")]
    [InlineData("---\nteam: !!binary aGVsbG8=\n---\nx", 2, "tags")]
    [InlineData("---\nlimits: 5\n---\nx", 2, "limits: { usd: 5")]
    [InlineData("---\nlimits:\n  usd: 5\n  dollars: 5\n---\nx", 4, "'dollars' is no limit")]
    [InlineData("---\nlimits:\n  usd: 5\n  turns: 1.5\n---\nx", 4, "whole number")]
    [InlineData("---\nlimits:\n  usd: -5\n---\nx", 3, "limits.usd")]
    [InlineData("---\nlimits:\n  usd: NaN\n---\nx", 3, "limits.usd")]
    [InlineData("---\nevidence: commit + hearsay\n---\nx", 2, "hearsay")]
    [InlineData("---\nroute: \"smart; rm -rf /\"\n---\nx", 2, "models list")]
    [InlineData("---\ntools: [\"read file\"]\n---\nx", 2, "as models know it")]
    [InlineData("---\nmcp: [\"../../etc\"]\n---\nx", 2, "mcp.yaml")]
    [InlineData("---\n- a\n- b\n---\nx", 2, "key: value")]
    public void What_is_wrong_is_said_with_its_line_and_what_to_do(string text, int line, string word)
    {
        var fault = Assert.Throws<RoleFault>(() => RoleFile.Parse("mine", text, "mine.md", RoleSources.Own));

        Assert.Equal(line, fault.Line);
        Assert.Contains(word, fault.Message, StringComparison.Ordinal);
    }

    [Fact, Trait("req", "A1")]
    public void Hostile_front_matter_ends_in_a_sentence_and_not_in_the_end_of_the_plane()
    {
        var deep = $"---\nlabels: {new string('[', 15_000)}\n---\nx";
        var many = $"---\n{string.Concat(Enumerable.Range(0, 1000).Select(i => $"k{i}: v\n"))}---\nx";
        var long_ = $"---\nteam: {new string('a', 20_000)}\n---\nx";
        foreach (var text in (string[])[deep, many, long_])
            Assert.InRange(Assert.Throws<RoleFault>(() => RoleFile.Parse("mine", text, "mine.md", RoleSources.Own)).Message.Length, 20, 500);
        Assert.Throws<RoleFault>(() => RoleFile.Parse("../mine", Whole, "mine.md", RoleSources.Own));
        Assert.DoesNotContain('\u001b', RoleFile.Parse("mine", Whole + "\u001b[2J\0", "mine.md", RoleSources.Own).Instructions);
    }

    [Fact, Trait("req", "A1")]
    public void Whatever_a_file_holds_it_is_a_role_or_a_fault()
    {
        var random = new Random(20261121);
        var faults = 0;
        for (var i = 0; i < 3000; i++)
        {
            var text = Whole.ToCharArray().ToList();
            for (var n = random.Next(1, 6); n > 0; n--) text.Insert(random.Next(4, text.Count), "[]{}:&*!|>'\"%@`,#?-\n\t \0\u2028\ud800"[random.Next(24)]);
            try
            {
                RoleFile.Parse("mine", new string([.. text]), "mine.md", RoleSources.Own);
            }
            catch (RoleFault fault)
            {
                faults++;
                Assert.InRange(fault.Line ?? 1, 1, 40);
            }
        }

        Assert.InRange(faults, 500, 3000);
    }

    [Fact, Trait("req", "A1")]
    public void All_twelve_that_are_shipped_are_whole()
    {
        var roles = new RoleCatalog([Path.Combine(Repository.Root, "fleet", "roles")]);

        Assert.Empty(roles.Problems);
        Assert.Equal(12, roles.All.Count);
        Assert.All(roles.All, role =>
        {
            Assert.NotNull(role.Route);
            Assert.True(role.Limits is { Usd: > 0, Tokens: > 0, Calls: > 0, Turns: > 0, Minutes: > 0 }, role.Name);
            Assert.InRange(File.ReadAllLines(role.File).Length, 25, 75);
            Assert.NotEmpty(role.Labels);
        });
        Assert.Empty(roles.All.SelectMany(r => r.Labels).GroupBy(l => l).Where(g => g.Count() > 1));
    }

    [Theory, Trait("req", "A1")]
    [InlineData("commit + test(pass) + pr(merged)", true, "commit + test(pass) + pr(merged) + research")]
    [InlineData("", true, "commit + pr(merged) + research")]
    [InlineData("", false, "research")]
    [InlineData("research", true, "research")]
    public void A_role_owes_its_evidence_and_the_project_says_what_code_owes(string project, bool hasGit, string contract)
    {
        var role = RoleFile.Parse("mine", Whole, "mine.md", RoleSources.Own);

        Assert.Equal(contract, Role.ContractFor(role, project, hasGit));
        Assert.Equal(project, Role.ContractFor(null, project, hasGit));
    }

    [Fact, Trait("req", "A1")]
    public void A_list_of_tools_names_takes_away_and_never_what_an_attempt_needs_to_end()
    {
        Assert.True(RoleTools.Allow(null, "shell"));
        Assert.True(RoleTools.Allow(["-shell"], "edit"));
        Assert.False(RoleTools.Allow(["-shell"], "shell"));
        Assert.True(RoleTools.Allow(["read", "grafana__*"], "grafana__query"));
        Assert.False(RoleTools.Allow(["read", "grafana__*"], "shell"));
        Assert.False(RoleTools.Allow(["*", "-grafana__*"], "grafana__query"));
        Assert.True(RoleTools.Allow([], "finish") && RoleTools.Allow(["-*"], "finish"));
    }
}
