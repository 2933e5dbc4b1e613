using System.Text.RegularExpressions;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Conversations;

/// <summary>
/// What the person has said that they prefer: <c>preferences.md</c> in the data folder, a line each, theirs to edit. Bounded,
/// because all of it goes into every plan; never a secret, because it goes to a model.
/// </summary>
internal sealed partial class Preferences(ControlPlaneOptions options)
{
    public const int Limit = 4000;
    public const int LineLimit = 200;

    private readonly Lock _gate = new();

    public string File { get; } = Path.Combine(options.Common, "preferences.md");

    public string Read()
    {
        lock (_gate) return System.IO.File.Exists(File) ? Wording.Lines(System.IO.File.ReadAllText(File), Limit) : "";
    }

    /// <summary>What of it a model is told: a line that looks like a secret stays here, whoever wrote it.</summary>
    public string ForModels() => string.Join('\n', Read().Split('\n').Where(l => !HoldsSecret(l)));

    public string Write(string text)
    {
        new Checked().Text(text, "text", Limit, required: false).Require(!HoldsSecret(text), "text", NoSecrets).ThrowIfWrong();
        lock (_gate) Replace(text.Trim());
        return Read();
    }

    /// <summary>Adds a line unless it stands there already; answers why it cannot, or null.</summary>
    public string? Add(string line)
    {
        var clean = Wording.Line(line, LineLimit).TrimStart('-', '*', '#', ' ');
        if (clean.Length == 0) return "There is nothing in it to remember.";
        if (HoldsSecret(clean)) return NoSecrets;
        lock (_gate)
        {
            var before = System.IO.File.Exists(File) ? System.IO.File.ReadAllText(File).TrimEnd() : "# What I prefer";
            var wanted = "- " + clean;
            if (before.Split('\n').Any(l => string.Equals(l.Trim(), wanted, StringComparison.OrdinalIgnoreCase))) return null;
            if (before.Length + wanted.Length + 1 > Limit) return $"The preferences are full ({Limit} characters). Take something out of {File} first.";
            Replace($"{before}\n{wanted}");
            return null;
        }
    }

    private const string NoSecrets = "That looks like a secret. Preferences are told to models; keep keys and passwords out of them.";

    public static bool HoldsSecret(string text) => Secret().IsMatch(text);

    private void Replace(string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        var half = File + ".new";
        System.IO.File.WriteAllText(half, text + "\n");
        System.IO.File.Move(half, File, overwrite: true);
    }

    // Prefixes of tokens as they are given out, private keys, and words that are followed by a value.
    [GeneratedRegex(
        @"-----BEGIN|\b(sk|pk|rk|ghp|gho|ghs|github_pat|glpat|xox[abpr]|mst|hf|gsk|AKIA)[-_A-Za-z0-9]{12,}|\b(password|passwd|secret|api[ _-]?key|token)\s*(is|[:=])\s*\S{4,}|[A-Za-z0-9+/_-]{40,}",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Secret();
}
