using System.Text.Json;
using Muster.Contracts.Delivery;

namespace Muster.ControlPlane.Delivery.Rules;

/// <summary>Guesses nothing: proposes checks where a repository's own files say how it is built and tested. Pure.</summary>
public static class CheckDetection
{
    private const int TimeoutSeconds = 900;

    /// <summary>Scripts of a package.json that are checks; the type check before the build, the build before the tests.</summary>
    private static readonly string[] NodeScripts = ["type-check", "typecheck", "lint", "build", "test"];

    /// <summary>Files whose content decides; read them and pass them on.</summary>
    public static IReadOnlyList<string> Needed(IReadOnlyList<string> files) =>
        [.. files.Where(f => f is "package.json" or "Makefile" or "makefile" or "GNUmakefile" or "pyproject.toml" or "requirements.txt" or "requirements-dev.txt" or "setup.cfg" or "tox.ini")];

    /// <param name="files">Every path at the commit.</param>
    /// <param name="contents">The files that <see cref="Needed"/> named, as far as they could be read.</param>
    public static IReadOnlyList<CheckDefinition> Detect(IReadOnlyList<string> files, IReadOnlyDictionary<string, string> contents)
    {
        var checks = new List<CheckDefinition>();
        checks.AddRange(DotNet(files));
        checks.AddRange(Go(files));
        checks.AddRange(Node(files, contents));
        checks.AddRange(Python(files, contents));
        // A Makefile is often a wrapper around the above; it speaks only where nothing else did.
        if (checks.Count == 0) checks.AddRange(Make(contents));
        return checks;
    }

    /// <summary>What a pass of a check so named proves.</summary>
    public static string EvidenceOf(string name)
    {
        var word = name.Split(' ', '-', ':', '_')[0];
        return word.StartsWith("build", StringComparison.OrdinalIgnoreCase) || word.StartsWith("compile", StringComparison.OrdinalIgnoreCase)
            ? EvidenceKinds.Build
            : EvidenceKinds.Test;
    }

    private static IEnumerable<CheckDefinition> DotNet(IReadOnlyList<string> files)
    {
        var solution = files.Where(IsSolution).Order(StringComparer.Ordinal).FirstOrDefault();
        var projects = files.Where(f => f.EndsWith(".csproj", StringComparison.Ordinal) || f.EndsWith(".fsproj", StringComparison.Ordinal)).ToList();
        if (solution is null && projects.Count == 0) yield break;
        if (solution is null && projects.Count(p => !p.Contains('/', StringComparison.Ordinal)) != 1)
        {
            // Without a solution, dotnet takes the one project of the folder; with several, each by its name.
            yield return Check("build", string.Join(" && ", projects.Take(20).Select(p => $"dotnet build {Quote(p)}")));
            var tests = projects.Where(LooksLikeTests).Take(20).ToList();
            if (tests.Count > 0) yield return Check("test", string.Join(" && ", tests.Select(p => $"dotnet test {Quote(p)}")));
            yield break;
        }

        var what = solution is null ? "" : " " + Quote(solution);
        yield return Check("build", "dotnet build" + what);
        if (projects.Any(LooksLikeTests)) yield return Check("test", "dotnet test" + what);

        static bool IsSolution(string file) =>
            !file.Contains('/', StringComparison.Ordinal) && (file.EndsWith(".sln", StringComparison.Ordinal) || file.EndsWith(".slnx", StringComparison.Ordinal));

        static bool LooksLikeTests(string file) => Path.GetFileNameWithoutExtension(file).Contains("Test", StringComparison.OrdinalIgnoreCase);
    }

    private static IEnumerable<CheckDefinition> Go(IReadOnlyList<string> files)
    {
        if (!files.Contains("go.mod", StringComparer.Ordinal)) yield break;
        yield return Check("go build", "go build ./...", EvidenceKinds.Build);
        yield return Check("go vet", "go vet ./...");
        yield return Check("go test", "go test ./...");
    }

    private static List<CheckDefinition> Node(IReadOnlyList<string> files, IReadOnlyDictionary<string, string> contents)
    {
        if (!contents.TryGetValue("package.json", out var text) || Scripts(text) is not { } scripts) return [];
        var locked = files.Contains("package-lock.json", StringComparer.Ordinal) || files.Contains("npm-shrinkwrap.json", StringComparer.Ordinal);
        var install = locked ? "npm ci" : "npm install --no-audit --no-fund";
        return
        [
            .. NodeScripts.Where(scripts.ContainsKey)
                .Where(s => !scripts[s].Contains("no test specified", StringComparison.Ordinal))
                .Select(s => Check($"npm {s}", $"{install} && npm run {s}", s == "build" ? EvidenceKinds.Build : EvidenceKinds.Test)),
        ];
    }

    private static IEnumerable<CheckDefinition> Python(IReadOnlyList<string> files, IReadOnlyDictionary<string, string> contents)
    {
        var tests = files.Any(f => f.EndsWith(".py", StringComparison.Ordinal)
            && (Path.GetFileName(f).StartsWith("test_", StringComparison.Ordinal) || f.EndsWith("_test.py", StringComparison.Ordinal)));
        if (!tests) yield break;
        var pytest = files.Any(f => f is "pytest.ini" || Path.GetFileName(f) == "conftest.py")
            || contents.Where(c => c.Key is not "package.json").Any(c => c.Value.Contains("pytest", StringComparison.Ordinal));
        if (pytest)
        {
            yield return Check("python test", "python3 -m pytest");
            yield break;
        }

        // unittest finds tests in a folder that is no package only when told that they begin there.
        var apart = files.Any(f => f.StartsWith("tests/test_", StringComparison.Ordinal)) && !files.Contains("tests/__init__.py", StringComparer.Ordinal);
        yield return Check("python test", apart ? "PYTHONPATH=. python3 -m unittest discover -s tests" : "python3 -m unittest discover");
    }

    private static IEnumerable<CheckDefinition> Make(IReadOnlyDictionary<string, string> contents)
    {
        var makefile = contents.FirstOrDefault(c => c.Key.EndsWith("akefile", StringComparison.Ordinal)).Value;
        if (makefile is null) yield break;
        var targets = makefile.Split('\n').Where(l => l.Contains(':', StringComparison.Ordinal) && !l.StartsWith('\t') && !l.StartsWith('#'))
            .SelectMany(l => l.Split(':')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToHashSet(StringComparer.Ordinal);
        if (targets.Contains("check")) yield return Check("make check", "make check");
        else if (targets.Contains("test")) yield return Check("make test", "make test");
    }

    private static Dictionary<string, string>? Scripts(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("scripts", out var scripts)
                || scripts.ValueKind != JsonValueKind.Object) return null;
            return scripts.EnumerateObject().Where(s => s.Value.ValueKind == JsonValueKind.String)
                .GroupBy(s => s.Name, StringComparer.Ordinal).ToDictionary(s => s.Key, s => s.Last().Value.GetString()!, StringComparer.Ordinal);
        }
        catch (JsonException)
        {
            // A package.json that npm itself could not read declares nothing.
            return null;
        }
    }

    private static CheckDefinition Check(string name, string command, string? evidence = null) => new()
    {
        Name = name,
        Command = command,
        TimeoutSeconds = TimeoutSeconds,
        Required = true,
        Evidence = evidence ?? EvidenceOf(name),
    };

    /// <summary>A path as one word of a shell, whatever it holds.</summary>
    private static string Quote(string path) =>
        path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_') && !path.StartsWith('-')
            ? path
            : "'" + (path.StartsWith('-') ? "./" : "") + path.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
