namespace Muster.ControlPlane.Operations;

/// <summary>Names of agents, hosts and roles: they become parts of branches, folders and URLs.</summary>
public static class Names
{
    public const string Rule = "A name has 1 to 60 letters, digits, '.', '_' or '-', begins with a letter or digit, and has no '..'.";

    public static bool IsName(string? text) =>
        text is { Length: >= 1 and <= 60 } && char.IsAsciiLetterOrDigit(text[0])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
        && !text.Contains("..", StringComparison.Ordinal) && !text.EndsWith('.') && !text.EndsWith(".lock", StringComparison.Ordinal);

    /// <summary>A project's key: the first part of its tasks' keys.</summary>
    public static bool IsKey(string? text) =>
        text is { Length: >= 2 and <= 10 } && char.IsAsciiLetterUpper(text[0]) && text.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c));

    /// <summary>Makes a key from a name: initials of several words, the beginning of one.</summary>
    public static string SuggestKey(string name)
    {
        var words = name.Split([' ', '-', '_', '.', '/'], StringSplitOptions.RemoveEmptyEntries)
            .Select(w => new string([.. w.Where(char.IsAsciiLetterOrDigit)]).ToUpperInvariant()).Where(w => w.Length > 0 && char.IsAsciiLetterUpper(w[0])).ToArray();
        var key = words.Length >= 2 ? string.Concat(words.Take(4).Select(w => w[0])) : words.Length == 1 ? words[0][..Math.Min(3, words[0].Length)] : "";
        return IsKey(key) ? key : "PRJ";
    }
}
