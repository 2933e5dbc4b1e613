using System.Text.Json;
using Muster.Conformance.Servers;

namespace Muster.Conformance.Mcp;

/// <summary>The public conformance suite against the real plane: everything that each revision requires of a server.</summary>
[Trait("req", "A7")]
public sealed class SuiteTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    [Theory]
    [InlineData("2025-11-25", 33)]
    [InlineData("2026-07-28", 40)]
    public async Task The_plane_passes_all_that_the_public_suite_requires_of_a_server(string revision, int scenarios)
    {
        await using var plane = await McpPlane.StartAsync(_folder.Path, new SuitePart(), lendToken: true);
        var results = Path.Combine(_folder.Path, "results");
        var (code, output) = await NodeTools.RunAsync(
            NodeTools.NewNode, [NodeTools.Suite, "server", "--url", plane.Endpoint.AbsoluteUri, "--requirements", revision, "--output-dir", results], TimeSpan.FromMinutes(3));
        // What is about tasks is an extension of the protocol that the plane does not offer; the suite does not count it either.
        var checks = Directory.EnumerateFiles(results, "checks.json", SearchOption.AllDirectories).Where(file => !Scenario(file).StartsWith("server-tasks-", StringComparison.Ordinal))
            .ToDictionary(Scenario, Checks, StringComparer.Ordinal);
        var failed = checks.SelectMany(scenario => scenario.Value.Where(check => check.Status is "FAILURE" or "WARNING").Select(check => $"{scenario.Key} {check}")).ToList();
        Assert.True(failed.Count == 0 && code == 0, string.Join('\n', failed) + $"\nexit code {code}\n" + output[^Math.Min(output.Length, 4000)..]);
        Assert.True(checks.Count >= scenarios, $"Only {checks.Count} scenarios ran:\n{output}");
        Assert.All(checks, scenario => Assert.Contains(scenario.Value, check => check.Status == "SUCCESS"));
    }

    public void Dispose() => _folder.Dispose();

    private static string Scenario(string file) => Path.GetFileName(Path.GetDirectoryName(file)!);

    private static IReadOnlyList<Check> Checks(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(file));
        return [.. json.RootElement.EnumerateArray().Select(check => new Check(
            check.GetProperty("id").GetString()!, check.GetProperty("status").GetString()!, check.TryGetProperty("errorMessage", out var message) ? message.GetString() : null))];
    }

    private sealed record Check(string Id, string Status, string? Message);
}
