using System.CommandLine;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Muster.Commands;
using Muster.Contracts;
using Muster.Hosting;
using Muster.Tests.Reference;
using YamlDotNet.Serialization;

namespace Muster.Tests.Deploy;

/// <summary>Files for operators say only what exists: commands, options, variables, ports and paths are ours (requirement C5).</summary>
[Trait("req", "C5")]
public sealed partial class DeployFilesTests
{
    private const RegexOptions Safe = RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture;

    private static readonly Dictionary<string, object> Compose = (Dictionary<string, object>)Plain(new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build()
        .Deserialize(new YamlDotNet.Core.MergingParser(new YamlDotNet.Core.Parser(new StringReader(Sources.Read("deploy/compose.yaml"))))))!;

    public static TheoryData<string> Services => [.. Section("services").Keys];

    [Theory, MemberData(nameof(Services))]
    public void A_service_is_healthy_by_a_check_runs_as_nobody_special_and_writes_where_it_is_let(string name)
    {
        var service = Of(Section("services"), name);
        Assert.NotEmpty(Of(service, "healthcheck"));
        Assert.Equal(true, service["read_only"]);
        Assert.Equal(["ALL"], List(service, "cap_drop"));
        // Our own image says so itself.
        if (service["image"] is "muster") Assert.Matches(@"(?m)^USER \$APP_UID$", Sources.Read("deploy/Containerfile"));
        else Assert.DoesNotMatch("^(0|root)", (string)service["user"]);
        Assert.Empty(List(service, "networks").Except(Section("networks").Keys));
        Assert.Empty(List(service, "secrets").Except(Section("secrets").Keys));
        Assert.Empty(List(service, "volumes").Select(v => v.Split(':')[0]).Where(v => !v.StartsWith('.')).Except(Section("volumes").Keys));
        foreach (var (other, how) in service.TryGetValue("depends_on", out var on) ? (Dictionary<string, object>)on : [])
        {
            Assert.Contains(other, Section("services").Keys);
            Assert.Contains((string)((Dictionary<string, object>)how)["condition"], (string[])["service_healthy", "service_started"]);
        }
    }

    [Theory]
    [InlineData("plane")]
    [InlineData("runner")]
    public void Our_services_take_commands_and_variables_that_exist(string name)
    {
        var service = Of(Section("services"), name);
        AssertCommand(List(service, "command"));
        var environment = Of(service, "environment");
        foreach (var variable in environment.Keys) AssertVariable(variable);
        foreach (var (variable, file) in environment.Where(e => e.Key.EndsWith("_FILE", StringComparison.Ordinal)))
            Assert.Contains(((string)file).Replace("/run/secrets/", "", StringComparison.Ordinal), List(service, "secrets"));
        foreach (var (variable, address) in environment.Where(e => ((string)e.Value).Contains("://", StringComparison.Ordinal)))
            Assert.True(Section("services").ContainsKey(new Uri((string)address).Host), $"{variable} names a service that is not there");
    }

    [Fact]
    public void What_agents_run_reaches_the_plane_and_nothing_behind_it()
    {
        var runner = List(Of(Section("services"), "runner"), "networks");
        Assert.NotEmpty(runner.Intersect(List(Of(Section("services"), "plane"), "networks")));
        foreach (var behind in Section("services").Keys.Except(["plane", "runner"])) Assert.Empty(runner.Intersect(List(Of(Section("services"), behind), "networks")));
    }

    [Fact]
    public void The_port_that_is_let_out_is_the_one_that_is_listened_to_and_asked()
    {
        var plane = Of(Section("services"), "plane");
        var command = List(plane, "command");
        var port = command[command.IndexOf("--port") + 1];
        Assert.Equal([$"127.0.0.1:{port}:{port}"], List(plane, "ports"));
        Assert.Equal($"http://127.0.0.1:{port}{Routes.HealthReady}", List(Of(plane, "healthcheck"), "test")[^1]);
        var file = Sources.Read("deploy/Containerfile");
        Assert.Contains($"EXPOSE {port}\n", file, StringComparison.Ordinal);
        Assert.Contains($"http://127.0.0.1:{port}{Routes.HealthReady}", file, StringComparison.Ordinal);
    }

    [Fact]
    public void The_image_starts_what_is_built_and_knows_its_variables()
    {
        var file = Sources.Read("deploy/Containerfile");
        Assert.Contains($"/app/{typeof(UpCommand).Assembly.GetName().Name}.dll", file, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Sources.Root, Built().Match(file).Groups[1].Value)));
        AssertCommand([.. Words().Matches(file.Split("\nCMD ")[1]).Select(m => m.Groups[1].Value)]);
        foreach (Match variable in Assigned().Matches(file)) AssertVariable(variable.Groups[1].Value);
    }

    [Fact]
    public void The_settings_that_go_with_it_are_read()
    {
        var config = PlaneConfig.Read(Path.Combine(Sources.Root, "deploy", "compose"));
        Assert.Contains("plane", config.HostNames);
        Assert.Empty(config.Backup.Validate());
        Assert.Contains(List(Of(Section("services"), "plane"), "volumes"), volume => volume.EndsWith(config.Backup.To!, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("muster.service")]
    [InlineData("muster-host.service")]
    public void A_unit_starts_a_command_that_exists(string name)
    {
        var unit = Sources.Read($"deploy/systemd/{name}");
        AssertCommand(Executed().Match(unit).Groups[1].Value.Split(' '));
        foreach (Match variable in Assigned().Matches(unit)) AssertVariable(variable.Groups[1].Value.Replace("_FILE", "", StringComparison.Ordinal));
        Assert.Contains("NoNewPrivileges=yes", unit, StringComparison.Ordinal);
        Assert.DoesNotContain("User=root", unit, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("local.muster.plane.plist")]
    [InlineData("local.muster.host.plist")]
    public void A_property_list_starts_a_command_that_exists(string name)
    {
        using var reader = XmlReader.Create(new StringReader(Sources.Read($"deploy/launchd/{name}")), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        var pairs = XDocument.Load(reader).Root!.Element("dict")!.Elements().Chunk(2).ToDictionary(p => p[0].Value, p => p[1], StringComparer.Ordinal);
        Assert.Equal(Path.GetFileNameWithoutExtension(name), pairs["Label"].Value);
        AssertCommand([.. pairs["ProgramArguments"].Elements("string").Skip(1).Select(e => e.Value)]);
    }

    private static void AssertCommand(IReadOnlyList<string> arguments)
    {
        var root = new RootCommand().With([.. Globals.All, UpCommand.Create(), UpCommand.CreateServe(), HostCommand.Create()]);
        Assert.NotEmpty(arguments);
        Assert.Empty(root.Parse([.. arguments]).Errors.Select(error => error.Message));
    }

    private static void AssertVariable(string name)
    {
        if (name.StartsWith("DOTNET_", StringComparison.Ordinal)) return;
        Assert.Contains(Variables.All, variable => variable.Name == name || (variable.ByFile && variable.Name + "_FILE" == name));
    }

    private static Dictionary<string, object> Section(string name) => Of(Compose, name);

    private static Dictionary<string, object> Of(Dictionary<string, object> map, string name) => Assert.IsType<Dictionary<string, object>>(map[name]);

    private static List<string> List(Dictionary<string, object> map, string name) =>
        map.TryGetValue(name, out var value) ? [.. Assert.IsType<List<object>>(value).Select(v => $"{v}")] : [];

    private static object? Plain(object? node) => node switch
    {
        IDictionary<object, object> map => map.ToDictionary(p => (string)p.Key, p => Plain(p.Value) ?? "", StringComparer.Ordinal),
        IEnumerable<object> list => list.Select(one => Plain(one) ?? "").ToList(),
        _ => node,
    };

    [GeneratedRegex("dotnet publish (?<path>\\S+csproj)", Safe)]
    private static partial Regex Built();

    [GeneratedRegex("\"(?<word>[^\"]*)\"", Safe)]
    private static partial Regex Words();

    [GeneratedRegex("\\b(?<name>(MUSTER|XDG|AWS)_[A-Z_]+)=", Safe)]
    private static partial Regex Assigned();

    [GeneratedRegex("(?m)^ExecStart=/opt/muster/muster (?<line>.*)$", Safe)]
    private static partial Regex Executed();
}
