using Markdig;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Muster.Dashboard.Kit;

/// <summary>
/// What people and agents write as Markdown. Markup in it is shown as text, links lead only to web pages and open without telling
/// where from, and pictures are links: a page asks nobody outside for anything.
/// </summary>
internal static class Markdown
{
    private static readonly MarkdownPipeline Rules = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().UseTaskLists().UseAutoLinks().UseEmphasisExtras().Build();

    public static MarkupString ToMarkup(string? text)
    {
        var document = Markdig.Markdown.Parse(Clean.Block(text), Rules);
        foreach (var link in document.Descendants<LinkInline>().ToList())
        {
            link.IsImage = false;
            link.Url = Web(link.Url);
            link.GetAttributes().AddPropertyIfNotExist("rel", "noopener noreferrer");
        }

        foreach (var link in document.Descendants<AutolinkInline>().ToList())
            if (Web(link.Url) is null) link.ReplaceBy(new LiteralInline(link.Url));
        // The page has its own headings; those in a text come below them.
        foreach (var heading in document.Descendants<HeadingBlock>()) heading.Level = Math.Min(6, heading.Level + 2);
        return new MarkupString(document.ToHtml(Rules));
    }

    private static string? Web(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" or "mailto" ? url : null;
}
