using Muster.Conformance.Servers;
using Muster.ControlPlane.Models.Calling;

namespace Muster.Conformance.Models.Calling;

/// <summary>Which legs serve a name, and what is said of a configuration that is wrong.</summary>
[Trait("req", "B7")]
public sealed class ModelRoutesTests
{
    private const string Yaml = """
        providers:
          or: { kind: openrouter }
          an: { kind: anthropic }
          ol: { kind: ollama }
        routes:
          smart: [or/anthropic/claude, an/claude, ol/qwen]
          cloud: [an/claude]
        aliases:
          "*haiku*": cloud
          "claude-*": smart
        """;

    [Fact]
    public void A_name_is_a_route_an_exact_model_or_what_a_program_made_up()
    {
        using var rig = RouterRig.Of(Yaml, keys: ("OPENROUTER_API_KEY", "k"));
        var routes = rig.Setup.Routes;
        Assert.Equal(["or/anthropic/claude", "ol/qwen"], routes.Find("smart", out _)!.Legs.Select(l => l.ToString()));
        Assert.Equal("smart", routes.Find("claude-sonnet-4-5-20250929", out _)!.Name);
        Assert.Equal(new ModelLeg("or", "openai/gpt"), Assert.Single(routes.Find("or/openai/gpt", out _)!.Legs));

        Assert.Null(routes.Find("claude-haiku", out var why));
        Assert.Contains("ANTHROPIC_API_KEY", why, StringComparison.Ordinal);
        Assert.Null(routes.Find("an/claude", out why));
        Assert.Contains("no key", why, StringComparison.Ordinal);
        Assert.Null(routes.Find("llama", out why));
        Assert.Contains("Routes: smart, cloud", why, StringComparison.Ordinal);
        Assert.Equal([null, true, null], routes.Providers.Select(p => p.WhyNot?.Contains("ANTHROPIC_API_KEY_FILE", StringComparison.Ordinal)));
    }

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once_with_what_to_do()
    {
        var wrong = Assert.Throws<ModelsConfigException>(() => RouterRig.Of("""
            providers:
              a: { kind: gemini }
              b: { kind: openai, key: sk-secret-secret-secret }
              c: { kind: openai, server: "http://models.example/v1", keyVariable: THE_KEY }
              d: { kind: anthropic, auth: basic, colour: red }
              e: { kind: openai, protocols: [soap], server: "ftp://x" }
            routes:
              r: [nobody/model, broken]
              empty: []
            aliases:
              "x*": nowhere
            """, keys: ("THE_KEY", "k")));
        string[] expected = ["'gemini', which is not known", "does not belong into a file", "unencrypted", "auth of the provider d", "'colour' is not known", "'soap'", "no address", "no provider 'nobody'", "'broken' in the route 'r'", "'empty' names no model", "route 'nowhere'"];
        Assert.All(expected, text => Assert.Contains(text, wrong.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("sk-secret", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_users_file_goes_before_the_shipped_one()
    {
        using var folder = new ScratchFolder();
        var mine = Path.Combine(folder.Path, "mine.yaml");
        var shipped = Path.Combine(folder.Path, "shipped.yaml");
        File.WriteAllText(shipped, Yaml);
        File.WriteAllText(mine, "routes: { cloud: [ol/qwen] }\naliases: { \"claude-*\": cloud }");
        var routes = ModelSetup.Read(new ModelSources([mine, shipped], _ => null, _ => null), RouterRig.Kinds).Routes;
        Assert.Equal("ol/qwen", routes.Find("claude-x", out _)!.Legs.Single().ToString());
        Assert.Equal(2, routes.All.Count);
    }

    [Fact]
    public void The_shipped_file_is_right_and_every_kind_of_name_finds_a_route()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Muster.slnx"))) folder = Path.GetDirectoryName(folder)!;
        var routes = ModelSetup.Read(new ModelSources([Path.Combine(folder, "fleet", "models.yaml")], _ => "a key", _ => null), RouterRig.Kinds).Routes;
        Assert.Equal(["smart", "fast", "local"], routes.All.Select(r => r.Name));
        foreach (var (name, route) in new[] { ("claude-sonnet-4-5-20250929", "smart"), ("claude-3-5-haiku-latest", "fast"), ("gpt-5.1-codex", "smart"), ("gpt-5-mini", "fast"), ("o4-mini", "fast"), ("gemini-2.5-pro", "smart"), ("gemini-2.5-flash", "fast"), ("opus", "smart") })
            Assert.Equal(route, routes.Find(name, out _)?.Name);
    }
}
