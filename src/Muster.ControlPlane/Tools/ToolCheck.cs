using System.Text.Json;
using System.Text.RegularExpressions;
using Muster.Contracts;
using Muster.Contracts.Tools;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Tools;

/// <summary>Whether a package may be taken as a draft. All that is wrong is told at once.</summary>
internal static partial class ToolCheck
{
    private const int MostSource = 200_000;
    private const int MostSchema = 50_000;
    private const int MostTests = 50;
    private const int MostTestBytes = 400_000;

    /// <summary>Seconds that all tests together may take by their limits; a host's lease must cover them.</summary>
    private const int MostTestSeconds = 600;

    public static void Require(ToolPackage package)
    {
        var manifest = package.Manifest;
        var check = new Checked()
            .Require(manifest.Name is not null && Name().IsMatch(manifest.Name), "manifest.name", "A tool's name has 2 to 40 lower-case letters, digits or '-', and begins with a letter.")
            .Text(manifest.Description, "manifest.description", 2000)
            .Require(ToolLanguages.All.Contains(manifest.Language), "manifest.language", $"language is one of {string.Join(", ", ToolLanguages.All)}.")
            .Require(!string.IsNullOrWhiteSpace(package.Source) && package.Source.Length <= MostSource && !package.Source.Contains('\0', StringComparison.Ordinal), "source", $"source has 1 to {MostSource} characters.");
        if (manifest.Language == ToolLanguages.CSharp && package.Source is { } source)
            check.Require(!Directive().IsMatch(source), "source", "A tool in C# is one file without packages: leave the lines that begin with '#:' out.");
        Schema(check, manifest.InputSchema, "manifest.inputSchema");
        Schema(check, manifest.OutputSchema, "manifest.outputSchema");
        Permissions(check, manifest.Permissions);
        Limits(check, manifest.Limits);
        check.ThrowIfWrong();
        Tests(package);
    }

    private static void Schema(Checked check, JsonElement schema, string field)
    {
        check.Require(schema.ValueKind == JsonValueKind.Object && schema.GetRawText().Length <= MostSchema, field, $"{field} is a JSON schema of at most {MostSchema} characters.");
        if (schema.ValueKind != JsonValueKind.Object) return;
        check.Require(schema.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.GetString() == "object", field, $"{field} must have \"type\": \"object\".");
        if (JsonShape.WhyNotUsable(schema) is { } wrong) check.Require(false, field, $"{field}: {wrong}.");
    }

    private static void Permissions(Checked check, ToolPermissions permissions) => check
        .Require(ToolFiles.All.Contains(permissions.Files), "manifest.permissions.files", $"files is one of {string.Join(", ", ToolFiles.All)}.")
        .Require(permissions.Network.Count <= 20 && permissions.Network.All(host => host is not null && Host().IsMatch(host)), "manifest.permissions.network", "network lists up to 20 hosts, each as name or name:port.")
        .Require(permissions.Programs.Count <= 20 && permissions.Programs.All(program => program is not null && Program().IsMatch(program)), "manifest.permissions.programs", "programs lists up to 20 names of programs, without folders.");

    private static void Limits(Checked check, ToolLimits limits) => check
        .Require(limits.Seconds is >= 1 and <= 300, "manifest.limits.seconds", "seconds is 1 to 300.")
        .Require(limits.OutputBytes is >= 1 and <= 1_000_000, "manifest.limits.outputBytes", "outputBytes is 1 to 1000000.")
        .Require(limits.MemoryMb is >= 32 and <= 2048, "manifest.limits.memoryMb", "memoryMb is 32 to 2048.");

    private static void Tests(ToolPackage package)
    {
        var (manifest, tests) = (package.Manifest, package.Tests);
        if (tests.Any(test => test is null) || tests.Any(test => test.Files?.Values.Any(content => content is null) == true)) throw Refusal.Invalid("tests", "A test, and each of its files, is not null.");
        if (!tests.Any(test => test.Fails is null))
            throw new Refusal(400, ProblemCodes.TestsMissing, "A tool comes with its tests: at least one input with the output that must come of it.");
        var check = new Checked()
            .Require(tests.Count <= MostTests, "tests", $"At most {MostTests} tests.")
            .Require(tests.Count * manifest.Limits.Seconds <= MostTestSeconds, "tests", $"All tests together may take at most {MostTestSeconds} seconds by their limit; lower limits.seconds or leave some out.")
            .Require(JsonSerializer.SerializeToUtf8Bytes(tests, Wire.Json).Length <= MostTestBytes, "tests", $"The tests have at most {MostTestBytes} bytes together.")
            .Require(tests.Select(test => test.Name).Distinct(StringComparer.Ordinal).Count() == tests.Count, "tests", "Each test has a name of its own.");
        for (var index = 0; index < tests.Count && index < MostTests; index++)
        {
            var (test, field) = (tests[index], $"tests[{index}]");
            check.Line(test.Name, field + ".name", 100)
                .Require(test.Output is null == test.Fails is not null, field, $"{field} has either an output or fails.")
                .Require(test.Input.ValueKind == JsonValueKind.Object, field + ".input", $"{field}.input is an object.")
                .Require(test.Fails is null || test.Fails.Length <= 500, field + ".fails", $"{field}.fails has at most 500 characters.")
                .Require(test.Files is null || manifest.Permissions.Files != ToolFiles.None, field + ".files", $"{field} has files, and the tool does not ask to see any.")
                .Require(test.Files is null || test.Files.Keys.All(IsInside), field + ".files", "A test's files have relative paths of plain names.");
            if (test.Fails is null && JsonShape.WhyNot(manifest.InputSchema, test.Input) is { } input) check.Require(false, field + ".input", $"{field}.input: {input}.");
            if (test.Output is { } output && JsonShape.WhyNot(manifest.OutputSchema, output) is { } wrong) check.Require(false, field + ".output", $"{field}.output: {wrong}.");
        }

        check.ThrowIfWrong();
    }

    private static bool IsInside(string path) =>
        path.Length is > 0 and <= 200 && path.Split('/').All(part => part is not ("" or "." or "..") && !part.Equals(".git", StringComparison.OrdinalIgnoreCase)) && !path.Any(c => char.IsControl(c) || c == '\\');

    [GeneratedRegex("^[a-z][a-z0-9-]{1,39}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Name();

    [GeneratedRegex("^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,250}[a-zA-Z0-9])?(:[0-9]{1,5})?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Host();

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Program();

    [GeneratedRegex(@"^\s*#:", RegexOptions.Multiline, 1000)]
    private static partial Regex Directive();
}
