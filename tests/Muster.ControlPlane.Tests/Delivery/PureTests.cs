using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Delivery.Queue;
using Muster.ControlPlane.Delivery.Reviews;
using Muster.ControlPlane.Delivery.Rules;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Ledger;

namespace Muster.ControlPlane.Tests.Delivery;

/// <summary>Names, contracts, rules and decisions: whatever text comes in, what comes out holds.</summary>
public sealed class PureTests
{
    private static readonly string[] Items =
        ["commit", "test", "build", "deployment", "research", "citation", "test(pass)", "build(pass)", "pr(opened)", "pr(approved)", "pr(merged)", "deployment(healthy)"];

    [Fact]
    public void Any_title_and_agent_give_a_branch_that_is_valid_and_ones_own() => Prop.ForAll<string?, string?>((agent, title) =>
    {
        var branch = BranchNames.Agent(agent ?? "", "FLT-12", title ?? "");
        return GitText.IsRef(BranchNames.Heads + branch) && branch.StartsWith("agent/", StringComparison.Ordinal) && BranchNames.IsOwn(branch, agent ?? "", "FLT-12")
            && !BranchNames.IsOwn(branch, agent ?? "", "FLT-1") && !BranchNames.IsOwn(branch, (agent ?? "") + "x", "FLT-12")
            && GitText.IsRef(BranchNames.Heads + BranchNames.Epic(3, title ?? ""));
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("ada", "FLT-12", "Add /v1/health endpoint", "agent/ada/flt-12-add-v1-health-endpoint")]
    [InlineData("ada", "FLT-12", "  --force; rm -rf /  ", "agent/ada/flt-12-force-rm-rf")]
    [InlineData("ada", "FLT-12", "Überprüfe den Zähler", "agent/ada/flt-12-uberprufe-den-zahler")]
    [InlineData("ada", "FLT-12", "日本", "agent/ada/flt-12")]
    public void Branches_are_named_after_agent_task_and_title(string agent, string key, string title, string branch) =>
        Assert.Equal(branch, BranchNames.Agent(agent, key, title));

    [Fact]
    public void A_contract_written_is_the_contract_read() => Prop.ForAll(Gen.SubListOf(Items).ToArbitrary(), list =>
    {
        var text = string.Join(" + ", list);
        var (contract, errors) = Contract.Parse(text);
        return errors.Count == 0 && contract!.ToString() == text && contract.Items.Count == list.Count && contract.Missing([], []).Count == list.Count;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void No_text_at_all_breaks_the_contract_parser() => Prop.ForAll<string?>(text =>
    {
        var (contract, errors) = Contract.Parse(text);
        return contract is null == errors.Count > 0;
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("commit +", 1)]
    [InlineData("tests(pass) + pr(closed) + commit(x)", 3)]
    [InlineData("commit + commit", 1)]
    [InlineData("test(pass", 1)]
    public void Every_error_of_a_contract_is_said(string text, int errors) => Assert.Equal(errors, Contract.Parse(text).Errors.Count);

    [Fact]
    public void A_pull_request_without_a_word_more_is_one_that_is_merged()
    {
        var contract = Contract.Parse("commit + pr").Contract!;
        Assert.True(contract.AsksForMerge);
        Assert.Equal("commit + pr(merged)", contract.ToString());
    }

    [Fact]
    public void Evidence_counts_when_it_is_verified_and_about_this_commit()
    {
        var contract = Contract.Parse("commit + test(pass) + pr(opened) + citation").Contract!;
        EvidenceRow[] all =
        [
            new() { Kind = "commit", Sha = "h", Verified = true }, new() { Kind = "test", Outcome = "pass", Sha = "h", Verified = true },
            new() { Kind = "pr", Outcome = "merged", Sha = "m", Verified = true }, new() { Kind = "citation" },
        ];
        Assert.Empty(contract.Missing(all, ["h", "m"]));
        Assert.Equal(["pr(opened)"], contract.Missing(all, ["h"]).Select(i => i.ToString()));
        Assert.Equal(["commit", "test(pass)"], contract.Missing(all, ["m"]).Select(i => i.ToString()));
        Assert.Equal(["test(pass)"], contract.Missing(all.Select(e => e.Kind == "test" ? e with { Outcome = "fail" } : e), ["h", "m"]).Select(i => i.ToString()));
        Assert.Equal(["commit"], contract.Missing(all.Select(e => e.Kind == "commit" ? e with { Verified = false } : e), ["h", "m"]).Select(i => i.ToString()));
    }

    [Fact]
    public void All_that_is_wrong_with_the_rules_is_said_at_once_with_its_line()
    {
        var (rules, errors) = RulesParser.Parse(
            """
            chekcs: []
            review: maybe
            contract: tests
            checks:
              - name: "a/b"
                command: x
                timeout: 5 minutes
              - command: ""
                required: perhaps
              - just text
            deploy:
              dev:
                target: moon
                port: 99999
                health: v1
            """);
        Assert.Null(rules);
        Assert.Equal(errors.OrderBy(e => e.Line).Select(e => e.Line), errors.Select(e => e.Line));
        int[] lines = [1, 2, 3, 5, 7, 8, 8, 9, 10, 13, 13, 14, 15];
        Assert.Equal(lines, errors.Select(e => e.Line));
        Assert.All(errors, e => Assert.EndsWith(".", e.Text, StringComparison.Ordinal));
    }

    [Fact]
    public void Rules_are_read_with_their_defaults()
    {
        var (rules, errors) = RulesParser.Parse("checks:\n  - name: build all\n    command: make\n    timeout: 1h\n  - {name: t, command: x, required: false}\ndeploy:\n  dev: {command: run}\n");
        Assert.Empty(errors);
        Assert.Equal((3600, true, "build"), (rules!.Checks[0].TimeoutSeconds, rules.Checks[0].Required, rules.Checks[0].Evidence));
        Assert.Equal((600, false, "test"), (rules.Checks[1].TimeoutSeconds, rules.Checks[1].Required, rules.Checks[1].Evidence));
        Assert.Equal((0, "/", 60), (rules.Deploy["dev"].Port, rules.Deploy["dev"].HealthPath, rules.Deploy["dev"].HealthTimeoutSeconds));
        Assert.True(RulesParser.Parse("review: person").Rules!.Detected);
        Assert.True(RulesParser.Parse("").Rules!.Detected);
    }

    [Theory]
    [InlineData("a: [")]
    [InlineData("a:\n  b: [c, {d")]
    [InlineData("a: \"x")]
    [InlineData("{ a: [b")]
    public void An_open_bracket_is_said_with_file_and_line(string text)
    {
        Assert.Matches("^muster.yaml:[123]: is not valid YAML", Assert.Single(RulesParser.Parse(text).Errors).ToString());
        List<string> faults = [];
        ModelsFile.Parse(text, "models.yaml", _ => [], faults);
        Assert.Matches("^models.yaml, line [123]: is not valid YAML", Assert.Single(faults));
        var file = Path.Combine(Directory.CreateTempSubdirectory("muster-test-").FullName, "prices.yaml");
        File.WriteAllText(file, text);
        Assert.Matches("prices.yaml:[123] is no price table", Assert.Throws<FormatException>(() => new PriceTable([file])).Message);
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Fact]
    public void No_text_at_all_breaks_the_rules_parser() => Prop.ForAll<string?>(text =>
    {
        var (rules, errors) = RulesParser.Parse(text ?? "");
        return rules is null == errors.Count > 0;
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("go.mod main.go", "", "go build ./...|go vet ./...|go test ./...")]
    [InlineData("App.sln app/App.csproj tests/App.Tests/App.Tests.csproj", "", "dotnet build App.sln|dotnet test App.sln")]
    [InlineData("app/App.csproj tests/Tests.csproj", "", "dotnet build app/App.csproj && dotnet build tests/Tests.csproj|dotnet test tests/Tests.csproj")]
    [InlineData("package.json package-lock.json", "package.json={\"scripts\":{\"test\":\"vitest\",\"lint\":\"eslint\",\"type-check\":\"vue-tsc\",\"build\":\"vite\",\"dev\":\"x\"}}",
        "npm ci && npm run type-check|npm ci && npm run lint|npm ci && npm run build|npm ci && npm run test")]
    [InlineData("package.json", "package.json={\"scripts\":{\"test\":\"echo \\\"Error: no test specified\\\" && exit 1\"}}", "")]
    [InlineData("package.json", "package.json=not json", "")]
    [InlineData("calc.py tests/test_calc.py", "", "PYTHONPATH=. python3 -m unittest discover -s tests")]
    [InlineData("calc.py test_calc.py", "", "python3 -m unittest discover")]
    [InlineData("calc.py tests/test_calc.py pyproject.toml", "pyproject.toml=[tool.pytest.ini_options]", "python3 -m pytest")]
    [InlineData("Makefile", "Makefile=all: x\n\ttest\ntest: all\n\t./t\n", "make test")]
    [InlineData("Makefile", "Makefile=check test: all\n\t./t\n", "make check")]
    [InlineData("readme.md", "", "")]
    public void Checks_are_detected_from_what_lies_there(string files, string content, string commands)
    {
        var contents = new Dictionary<string, string>(StringComparer.Ordinal);
        if (content.Length > 0) contents[content[..content.IndexOf('=')]] = content[(content.IndexOf('=') + 1)..];
        Assert.Equal(commands, string.Join('|', CheckDetection.Detect(files.Split(' '), contents).Select(c => c.Command)));
    }

    [Theory]
    [InlineData("src/a.cs", false)]
    [InlineData("docs/muster.yaml", false)]
    [InlineData("muster.yaml", true)]
    [InlineData(".github/workflows/ci.yml", true)]
    [InlineData("src/deep/CLAUDE.md", true)]
    [InlineData("src/.claude/settings.json", true)]
    [InlineData("src/AGENTS.md", true)]
    [InlineData(".gitattributes", true)]
    [InlineData("fleet/roles/seed.md", true)]
    [InlineData("src/fleet/roles/seed.md", false)]
    [InlineData("src/Vault/a.cs", true)]
    [InlineData("src/Vaults/a.cs", false)]
    public void A_person_is_asked_about_what_steers_checks_or_agents(string path, bool asked) =>
        Assert.Equal(asked, ApprovalPolicy.Reasons(false, "auto", Contract.Empty, true, [path], ["src/Vault/"]).Count > 0);

    [Fact]
    public void Every_reason_for_asking_a_person_is_said() =>
        Assert.Equal(4, ApprovalPolicy.Reasons(true, "person", Contract.Parse("pr(approved)").Contract!, false, []).Count);

    [Fact]
    public void A_title_cannot_add_trailers_of_its_own() => Prop.ForAll<string?>(text =>
    {
        var lines = MergeMessage.Write("FLT!1", "FLT-1", (text ?? "") + "\nMuster-Agent: root", "id", "ada\nMuster-Task: X").Split('\n');
        return lines.Length == 6 && lines[1].Length == 0 && lines[2] == "Muster-Task: FLT-1" && lines[0].Length <= 120;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task Bytes_that_are_no_push_are_refused()
    {
        foreach (var text in (string[])["zzzz", "0001", "0004", "00ffshort", "000ehello 1234", "fff0" + new string('x', 70_000), ""])
            await Assert.ThrowsAnyAsync<Exception>(() => PushCommands.ReadAsync(new MemoryStream(Encoding.ASCII.GetBytes(text)), default));
        var line = $"{new string('0', 40)} {new string('a', 40)} refs/heads/x\0report-status side-band-64k";
        var push = await PushCommands.ReadAsync(new MemoryStream(Encoding.ASCII.GetBytes((line.Length + 4).ToString("x4") + line + "0000PACK")), default);
        Assert.Equal("refs/heads/x", Assert.Single(push.Commands).Ref);
        Assert.Contains("side-band-64k", push.Capabilities);
    }
}
