using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Muster.Dashboard.Live;

/// <summary>What of a drawn page changes by itself: its regions, and in them the parts of which there are many.</summary>
internal static partial class Regions
{
    private const string Begin = "<div id=\"r-";
    private const string End = "<!--/r-";
    private const string PartBegin = "<li id=\"";
    private const string PartMark = "\" data-part";
    private const string PartEnd = "<!--/part-->";

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

    /// <summary>
    /// A region as it is sent to somebody who has seen it before: of a part that looks as it did only its place is told, by an empty
    /// element that is marked so.
    /// </summary>
    /// <param name="region">The region, whole.</param>
    /// <param name="seen">How its parts looked then, by id.</param>
    /// <param name="parts">How they look now.</param>
    public static string Since(string region, IReadOnlyDictionary<string, string> seen, out Dictionary<string, string> parts)
    {
        parts = new Dictionary<string, string>(StringComparer.Ordinal);
        var sent = new StringBuilder();
        var told = 0;
        var mark = 0;
        while ((mark = region.IndexOf(PartMark, mark, StringComparison.Ordinal)) >= 0)
        {
            var from = region.LastIndexOf(PartBegin, mark, StringComparison.Ordinal);
            var id = region[(from + PartBegin.Length)..mark];
            var to = region.IndexOf(PartEnd, mark, StringComparison.Ordinal);
            mark = to;
            parts[id] = Look(region[from..to]);
            if (seen.GetValueOrDefault(id) != parts[id]) continue;
            sent.Append(region, told, from - told).Append(PartBegin).Append(id).Append("\" data-same></li>");
            told = to;
        }

        return told == 0 ? region : sent.Append(region, told, region.Length - told).ToString();
    }

    /// <summary>Tells one look of a region from another. How long ago something was is no difference: browsers count that by themselves.</summary>
    public static string Look(string html) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(Age().Replace(html, "data-when${more}>"))));

    [GeneratedRegex("data-when(?<more>[^>]*)>[^<]*", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Age();
}
