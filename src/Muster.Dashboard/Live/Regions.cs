using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Muster.Dashboard.Live;

/// <summary>The parts of a drawn page that change by themselves.</summary>
internal static partial class Regions
{
    private const string Begin = "<div id=\"r-";
    private const string End = "<!--/r-";

    /// <summary>Every region of a document, by name, with its element whole. Regions do not lie in one another.</summary>
    public static IEnumerable<(string Name, string Html)> Of(string html)
    {
        var at = 0;
        while ((at = html.IndexOf(Begin, at, StringComparison.Ordinal)) >= 0)
        {
            var name = html[(at + Begin.Length)..html.IndexOf('"', at + Begin.Length)];
            var end = html.IndexOf($"{End}{name}-->", at, StringComparison.Ordinal);
            if (end < 0) yield break;
            yield return (name, html[at..end]);
            at = end;
        }
    }

    /// <summary>Tells one look of a region from another. How long ago something was is no difference: browsers count that by themselves.</summary>
    public static string Look(string html) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(Age().Replace(html, "data-when${more}>"))));

    [GeneratedRegex("data-when(?<more>[^>]*)>[^<]*", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Age();
}
