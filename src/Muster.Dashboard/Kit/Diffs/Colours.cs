using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Muster.Dashboard.Kit.Diffs;

/// <summary>Colours for a line of code: comments, texts, numbers and words that languages keep for themselves. A reading aid, no parser.</summary>
internal static partial class Colours
{
    private const int LongestLine = 2000;

    public static MarkupString Of(string path, string line)
    {
        var cut = line.Length > LongestLine;
        var text = new string([.. (cut ? line[..LongestLine] : line).Where(c => Clean.IsPlain(c) || c == '\t')]);
        var html = new StringBuilder(text.Length * 2);
        if (!Known(path))
        {
            html.Append(WebUtility.HtmlEncode(text));
        }
        else
        {
            var at = 0;
            foreach (Match match in (Hash(path) ? WithHash() : WithSlashes()).Matches(text))
            {
                html.Append(WebUtility.HtmlEncode(text[at..match.Index]));
                var kind = match.Groups["comment"].Success ? "c" : match.Groups["text"].Success ? "t" : match.Groups["number"].Success ? "n" : "k";
                html.Append("<i class=\"").Append(kind).Append("\">").Append(WebUtility.HtmlEncode(match.Value)).Append("</i>");
                at = match.Index + match.Length;
            }

            html.Append(WebUtility.HtmlEncode(text[at..]));
        }

        if (cut) html.Append("<span class=\"cut\">… ").Append(line.Length - LongestLine).Append(" more characters</span>");
        return new MarkupString(html.ToString());
    }

    private static bool Known(string path) => Extension(path) is ".cs" or ".razor" or ".js" or ".mjs" or ".ts" or ".tsx" or ".jsx" or ".vue" or ".go" or ".rs" or ".java" or ".kt" or ".c" or ".h" or ".cpp" or ".swift" or ".php" or ".css" or ".json" or ".sql" || Hash(path);

    private static bool Hash(string path) => Extension(path) is ".py" or ".rb" or ".sh" or ".yaml" or ".yml" or ".toml" or ".tf" or ".conf";

    private static string Extension(string path) => System.IO.Path.GetExtension(path).ToLowerInvariant();

    private const string Texts = "(?<text>\"(\\\\.|[^\"\\\\])*\"?|'(\\\\.|[^'\\\\])*'?|`[^`]*`?)";
    private const string Numbers = "(?<number>\\b[0-9][0-9a-fA-FxX_.]*\\b)";
    private const string Kept = "\\b(?<kept>abstract|and|as|async|await|base|bool|break|case|catch|class|const|continue|def|default|del|do|elif|else|enum|except|export|extends|false|False|finally|fn|for|foreach|from|func|function|get|global|go|guard|if|impl|implements|import|in|init|int|interface|internal|is|lambda|let|long|match|mut|namespace|new|nil|none|None|not|null|object|or|out|override|package|params|partial|pass|private|protected|public|raise|readonly|record|ref|required|return|sealed|self|set|static|string|struct|super|switch|this|throw|throws|trait|true|True|try|type|typeof|use|using|val|var|virtual|void|when|where|while|with|yield)\\b";

    [GeneratedRegex("(?<comment>//.*|/\\*.*?(\\*/|$)|^\\s*\\*.*)|" + Texts + "|" + Numbers + "|" + Kept, RegexOptions.ExplicitCapture, 200)]
    private static partial Regex WithSlashes();

    [GeneratedRegex("(?<comment>#.*)|" + Texts + "|" + Numbers + "|" + Kept, RegexOptions.ExplicitCapture, 200)]
    private static partial Regex WithHash();
}
