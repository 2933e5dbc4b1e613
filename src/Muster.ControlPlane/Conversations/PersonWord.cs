using System.Text.RegularExpressions;

namespace Muster.ControlPlane.Conversations;

/// <summary>What a person's message asks for that needs no model to be understood.</summary>
internal enum WordKind
{
    /// <summary>Anything else: the model is asked.</summary>
    Free,
    Approve,

    /// <summary>No to what is before them.</summary>
    Reject,

    /// <summary>The whole goal is given up.</summary>
    Cancel,
    Report,
    Drop,
    Answer,
    Remember,
}

/// <param name="Kind">What it asks for.</param>
/// <param name="Numbers">Tasks or the question that it names.</param>
/// <param name="Rest">What it says beyond that.</param>
internal sealed partial record PersonWord(WordKind Kind, IReadOnlyList<int> Numbers, string? Rest)
{
    private static readonly HashSet<string> Yes = new(StringComparer.OrdinalIgnoreCase) { "yes", "y", "ok", "okay", "approve", "approved", "go", "go ahead", "start", "do it", "lgtm" };
    private static readonly HashSet<string> No = new(StringComparer.OrdinalIgnoreCase) { "no", "n", "nope", "reject" };
    private static readonly HashSet<string> Enough = new(StringComparer.OrdinalIgnoreCase) { "cancel", "stop", "forget it", "never mind" };
    private static readonly HashSet<string> How = new(StringComparer.OrdinalIgnoreCase) { "status", "report", "how is it going", "how's it going", "what's up", "news" };

    /// <summary>Reads a message. Only short fixed forms are taken at their word: whoever says more means more.</summary>
    public static PersonWord Of(string text)
    {
        var said = text.Trim().TrimEnd('.', '!', '?').Trim();
        if (Yes.Contains(said)) return new(WordKind.Approve, [], null);
        if (No.Contains(said)) return new(WordKind.Reject, [], null);
        if (Enough.Contains(said)) return new(WordKind.Cancel, [], null);
        if (How.Contains(said)) return new(WordKind.Report, [], null);
        if (said.Length <= 2000 && Remember().Match(said) is { Success: true } remember) return new(WordKind.Remember, [], remember.Groups["rest"].Value.Trim() is { Length: > 0 } rest ? rest : null);
        if (said.Length <= 200 && Drop().Match(said) is { Success: true } drop) return new(WordKind.Drop, NumbersIn(drop.Groups["numbers"].Value), null);
        if (said.Length <= 2000 && Answer().Match(said) is { Success: true } answer && int.TryParse(answer.Groups["number"].Value, out var question))
            return new(WordKind.Answer, [question], answer.Groups["rest"].Value.Trim());
        return new(WordKind.Free, [], null);
    }

    private static int[] NumbersIn(string text) => [.. Digits().Matches(text).Select(m => int.Parse(m.Value)).Distinct()];

    [GeneratedRegex(@"^remember(\s+that\s+|\s*:\s*|\s*$)(?<rest>[^\n]*)$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Remember();

    [GeneratedRegex(@"^drop\s+(tasks?\s+)?(?<numbers>[0-9]{1,4}((\s*,\s*|\s+and\s+|\s+)[0-9]{1,4}){0,20})$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Drop();

    [GeneratedRegex(@"^(answer\s+)?(?<number>[0-9])\s*[:=)]\s*(?<rest>[^\n]+)$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Answer();

    [GeneratedRegex("[0-9]{1,4}", RegexOptions.None, 1000)]
    private static partial Regex Digits();
}
