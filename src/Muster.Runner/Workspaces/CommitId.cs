using System.Text.RegularExpressions;

namespace Muster.Runner.Workspaces;

/// <summary>Guards every commit id that comes from outside before it becomes an argument.</summary>
internal static partial class CommitId
{
    public static string Require(string text) => IsOne(text) ? text : throw new ArgumentException($"'{text}' is not a full commit id.");

    public static bool IsOne(string? text) => text is not null && Pattern().IsMatch(text);

    [GeneratedRegex("^([0-9a-f]{40}|[0-9a-f]{64})$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
