using Muster.Runner.Mcp;

namespace Muster.Runner.Tests.Mcp;

/// <summary>What may be declared, by whom, for whom, and which secrets are found.</summary>
[Trait("req", "A7")]
public sealed class DeclarationTests : IDisposable
{
    private readonly McpStage _stage = new();

    [Theory]
    [InlineData("servers: { a: { } }", "needs either a command")]
    [InlineData("servers: { a: { command: [x], url: https://x.example } }", "needs either a command")]
    [InlineData("servers: { a: { url: http://x.example/mcp } }", "must be https")]
    [InlineData("servers: { a: { url: https://user:word@x.example/mcp } }", "must hold no password")]
    [InlineData("servers: { a__b: { command: [x] } }", "is no name of a server")]
    [InlineData("servers: { a: { command: [x], comand: [y] } }", "comand")]
    [InlineData("servers:\n  a: { command: [x", "mcp.yaml:")]
    [InlineData("servers:\n  a: [", "mcp.yaml:")]
    [InlineData("servers: { a: { command: [sh, -c, \"touch it #\\e[2K\\rnpx good\"] } }", "control characters")]
    [InlineData("servers: { a: { command: [x], environment: { A: \"\\e]0;x\" } } }", "control characters")]
    [InlineData("servers: { a: { use: nothing } }", "no ready-made server")]
    [InlineData("servers: { a: { command: [x], timeout: 0 } }", "timeout")]
    [InlineData("servers: [", "mcp.yaml:1")]
    public void What_is_wrong_is_said_with_its_place(string yaml, string said)
    {
        _stage.Declare(yaml);
        Assert.Contains(said, Assert.Throws<McpSetupException>(_stage.Catalog.Fleet).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_wrong_is_told_and_the_attempt_goes_on_without_it()
    {
        _stage.Declare("servers: [");
        await using var tools = await _stage.OpenAsync();
        Assert.Empty(tools.Tools);
        Assert.Contains(_stage.Log, line => line.Contains("mcp.yaml:1", StringComparison.Ordinal));
    }

    [Fact]
    public void A_server_is_for_the_roles_and_projects_it_names_and_a_role_for_the_servers_it_names()
    {
        _stage.Declare("""
            servers:
              all: { command: [x] }
              ours: { command: [x], projects: [FLT] }
              theirs: { command: [x], projects: [OTH] }
              ops: { command: [x], roles: [devops-engineer] }
              more: { command: [x] }
            """);
        Directory.CreateDirectory(Path.Combine(_stage.Shipped, "roles"));
        File.WriteAllText(Path.Combine(_stage.Shipped, "roles", "devops-engineer.md"), "---\nteam: production\nmcp: [all]\n---\n\nYou.\n");
        Assert.Equal(["all", "more", "ours"], Names(null));
        Assert.Equal(["all", "ops"], Names("devops-engineer"));
        Assert.Equal(["all", "more", "ours"], Names("../../etc/passwd"));
    }

    [Fact]
    public async Task A_repository_may_declare_and_cannot_take_over_a_name_of_the_host_and_starts_nothing_by_itself()
    {
        _stage.Declare("servers: { docs: { command: [x] } }");
        Directory.CreateDirectory(Path.Combine(_stage.Repository, ".muster"));
        File.WriteAllText(Path.Combine(_stage.Repository, McpCatalog.InRepository), "servers: { docs: { command: [evil] }, wiki: { command: [y, '${secret:OWNER}'] } }");
        var servers = _stage.Catalog.For(_stage.Attempt, null, _ => { });
        Assert.Equal("x", servers.Single(server => server.Name == "docs").Command![0]);
        await using var tools = await _stage.OpenAsync();
        Assert.Empty(tools.Tools);
        Assert.Contains(_stage.Log, line => line.Contains("muster mcp approve wiki --from", StringComparison.Ordinal));
    }

    [Fact]
    public void What_the_host_keeps_from_a_project_is_not_had_by_declaring_it_there()
    {
        _stage.Declare("servers: { docs: { command: [x], projects: [OTH], tools: [read] }, ops: { command: [x], roles: [devops-engineer] } }");
        Directory.CreateDirectory(Path.Combine(_stage.Repository, ".muster"));
        File.WriteAllText(Path.Combine(_stage.Repository, McpCatalog.InRepository), "servers: { docs: { command: [x] }, ops: { command: [x] }, wiki: { command: [y] } }");
        Assert.Equal(["wiki"], _stage.Catalog.For(_stage.Attempt, null, _ => { }).Select(server => server.Name));
    }

    [Fact]
    public void A_folder_of_declarations_that_leads_out_of_the_repository_is_not_followed()
    {
        _stage.Declare("servers: { docs: { command: [x], projects: [OTH] } }");
        Directory.CreateSymbolicLink(Path.Combine(_stage.Repository, ".muster"), Path.GetDirectoryName(_stage.Catalog.FleetFile)!);
        List<string> log = [];
        Assert.Empty(_stage.Catalog.For(_stage.Attempt, null, log.Add));
        Assert.Contains(log, line => line.Contains("is a link", StringComparison.Ordinal));
    }

    [Fact]
    public void A_declaration_of_a_repository_that_leads_out_of_it_is_not_followed()
    {
        _stage.Declare("servers: { docs: { command: [x] } }");
        Directory.CreateDirectory(Path.Combine(_stage.Repository, ".muster"));
        File.CreateSymbolicLink(Path.Combine(_stage.Repository, McpCatalog.InRepository), _stage.Catalog.FleetFile);
        List<string> log = [];
        Assert.Single(_stage.Catalog.For(_stage.Attempt, null, log.Add));
        Assert.Contains(log, line => line.Contains("is a link", StringComparison.Ordinal));
    }

    [Fact]
    public void Secrets_come_from_a_variable_or_a_file_that_nobody_else_may_read()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["MUSTER_SECRET_ONE"] = "from a variable" };
        var secrets = new McpSecrets(_stage["secrets"], variables.GetValueOrDefault);
        _stage.Secret("TWO", "from a file\n");
        Assert.Equal("a from a variable b from a file c", secrets.Fill("a ${secret:ONE} b ${secret:TWO} c"));
        Assert.Equal("it said [secret] and [secret]", secrets.Redact("it said from a variable and from a file"));
        Assert.Contains("There is no secret THREE", Assert.Throws<McpSetupException>(() => secrets.Fill("${secret:THREE}")).Message, StringComparison.Ordinal);
        File.SetUnixFileMode(Path.Combine(_stage["secrets"], "TWO"), UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Contains("chmod 600", Assert.Throws<McpSetupException>(() => secrets.Fill("${secret:TWO}")).Message, StringComparison.Ordinal);
        Assert.Equal("${secret:../../etc/passwd}", secrets.Fill("${secret:../../etc/passwd}"));
    }

    [Fact]
    public void The_ready_made_servers_are_declarations_that_hold_no_secret_and_offer_what_only_reads()
    {
        var folder = Path.Combine(Root(), "fleet");
        var profiles = McpProfile.Load(Path.Combine(folder, "mcp"));
        Assert.Equal(["grafana", "portainer", "silverbullet", "vikunja"], profiles.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, profile) in profiles)
        {
            var server = Assert.Single(McpDeclarations.Parse($"servers: {{ {name}: {{ use: {name} }} }}", "test", profiles));
            Assert.NotEmpty(profile.Safe);
            Assert.False(string.IsNullOrWhiteSpace(profile.Title + profile.Install) || string.IsNullOrWhiteSpace(profile.Tried));
            var asked = server.Environment.Values.Concat(server.Headers.Values).Concat(server.Command ?? []).SelectMany(McpSecrets.In).Distinct().Order(StringComparer.Ordinal);
            Assert.Equal(asked, profile.Secrets.Keys.Order(StringComparer.Ordinal));
        }
    }

    public void Dispose() => _stage.Dispose();

    private IEnumerable<string> Names(string? role) => _stage.Catalog.For(_stage.Attempt, role, _ => { }).Select(server => server.Name).Order(StringComparer.Ordinal);

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Muster.slnx"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
