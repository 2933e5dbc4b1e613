using System.Collections.Concurrent;
using Muster.ControlPlane.Delivery.Git;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Delivery.Rules;

/// <summary>The rules at a commit, or why there are none that can be followed.</summary>
public sealed record RulesFound(ProjectRules? Rules, string? Problem);

/// <summary>Reads a project's rules at a commit of its target branch; the newest few are kept.</summary>
public sealed class RulesAtTarget
{
    private const int MaxFileBytes = 256 * 1024;
    private const int Kept = 200;
    private readonly ConcurrentDictionary<string, RulesFound> _known = new(StringComparer.Ordinal);

    public async Task<RulesFound> ReadAsync(IRepository repository, string commit, CancellationToken ct)
    {
        if (_known.TryGetValue(commit, out var known)) return known;
        var found = await LoadAsync(repository, commit, ct);
        if (_known.Count >= Kept) _known.Clear();
        _known[commit] = found;
        return found;
    }

    private static async Task<RulesFound> LoadAsync(IRepository repository, string commit, CancellationToken ct)
    {
        var rules = new ProjectRules { Detected = true };
        try
        {
            if (await repository.ReadFileAsync(commit, ProjectRules.FileName, MaxFileBytes, ct) is { } yaml)
            {
                var (parsed, errors) = RulesParser.Parse(yaml);
                if (parsed is null) return new RulesFound(null, Say(errors));
                rules = parsed;
            }
        }
        catch (Refusal refusal)
        {
            return new RulesFound(null, refusal.Message);
        }

        if (!rules.Detected) return new RulesFound(rules, null);
        var files = await repository.ListFilesAsync(commit, ct);
        var contents = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in CheckDetection.Needed(files))
        {
            try
            {
                if (await repository.ReadFileAsync(commit, file, MaxFileBytes, ct) is { } text) contents[file] = text;
            }
            catch (Refusal)
            {
                // Too large for what such files hold; nothing is detected from it.
            }
        }

        return new RulesFound(rules with { Checks = CheckDetection.Detect(files, contents) }, null);
    }

    private static string Say(IReadOnlyList<RuleError> errors) =>
        $"{ProjectRules.FileName} of the target branch is broken: {string.Join(' ', errors.Take(10))}{(errors.Count > 10 ? $" And {errors.Count - 10} more." : "")}";
}
