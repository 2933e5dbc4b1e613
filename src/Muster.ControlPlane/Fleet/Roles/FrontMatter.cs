using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Muster.ControlPlane.Fleet.Roles;

/// <summary>
/// What stands between the two lines <c>---</c> of a role's file: keys with a text, a list of texts, or a list of named texts.
/// Read by events and no deeper, so that neither references that multiply nor nesting without end get anywhere.
/// </summary>
internal sealed class FrontMatter
{
    private const int MostKeys = 200;

    /// <summary>The first line of the front matter is the file's second.</summary>
    private const int LinesBefore = 1;

    private readonly Dictionary<string, FrontValue> _values = new(StringComparer.Ordinal);

    public IEnumerable<(string Key, FrontValue Value)> All => _values.Select(pair => (pair.Key, pair.Value));

    public FrontValue? Find(string key) => _values.GetValueOrDefault(key);

    /// <exception cref="RoleFault">It cannot be read; says where.</exception>
    public static FrontMatter Read(string text)
    {
        var front = new FrontMatter();
        var parser = new Parser(new StringReader(text));
        try
        {
            parser.Consume<StreamStart>();
            if (parser.TryConsume<StreamEnd>(out _)) return front;
            parser.Consume<DocumentStart>();
            if (parser.Accept<Scalar>(out var only) && only.Value.Length == 0) return front;
            front.Fill(parser);
            return front;
        }
        catch (YamlException wrong)
        {
            throw Unreadable((int)wrong.Start.Line + LinesBefore, wrong.InnerException?.Message ?? wrong.Message);
        }
        catch (Exception wrong) when (wrong is InvalidOperationException or ArgumentException or FormatException)
        {
            // Not every text that is no YAML is told of as such: an open bracket can end in one of these.
            throw Unreadable(Line(parser.Current), "A bracket or a quotation mark may be open.");
        }
    }

    private static RoleFault Unreadable(int line, string why) =>
        new(line, $"This cannot be read as YAML: {Short(why)} Write 'key: value' a line; put quotes around a value with ':' or '#' in it.");

    private void Fill(IParser parser)
    {
        Open<MappingStart>(parser, "Write 'key: value' a line.");
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var key = Text(parser);
            if (_values.Count >= MostKeys) throw new RoleFault(key.Line, $"There are more than {MostKeys} keys. No role has so many.");
            if (!_values.TryAdd(key.Text, Value(parser))) throw new RoleFault(key.Line, $"'{Short(key.Text)}' stands there twice. Keep one.");
        }
    }

    private static FrontValue Value(IParser parser)
    {
        var line = Line(parser.Current);
        if (parser.Accept<SequenceStart>(out _))
        {
            Open<SequenceStart>(parser, "");
            List<FrontText> items = [];
            while (!parser.TryConsume<SequenceEnd>(out _)) items.Add(Text(parser));
            return new FrontValue(line, null, items, null);
        }

        if (!parser.Accept<MappingStart>(out _)) return new FrontValue(line, Text(parser), null, null);
        Open<MappingStart>(parser, "");
        Dictionary<string, FrontText> named = new(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var name = Text(parser);
            if (!named.TryAdd(name.Text, Text(parser))) throw new RoleFault(name.Line, $"'{Short(name.Text)}' stands there twice. Keep one.");
        }

        return new FrontValue(line, null, null, named);
    }

    private static FrontText Text(IParser parser)
    {
        var at = Line(parser.Current);
        if (!parser.TryConsume<Scalar>(out var scalar)) throw new RoleFault(at, "Here a plain text is needed: no list within a list, no reference to another place.");
        Plain(scalar, at);
        return new FrontText(at, scalar.Value);
    }

    private static void Open<T>(IParser parser, string otherwise) where T : NodeEvent
    {
        var at = Line(parser.Current);
        if (!parser.TryConsume<T>(out var node)) throw new RoleFault(at, otherwise);
        Plain(node, at);
    }

    private static void Plain(NodeEvent node, int line)
    {
        if (!node.Anchor.IsEmpty || !node.Tag.IsEmpty) throw new RoleFault(line, "Anchors (&) and tags (!) mean nothing in a role's file. Take them out, or put quotes around the value.");
    }

    private static int Line(ParsingEvent? at) => (int)(at?.Start.Line ?? 1) + LinesBefore;

    private static string Short(string text) => Operations.Refusal.Shorten(text);
}

/// <param name="Line">In the file, from 1.</param>
internal sealed record FrontText(int Line, string Text);

/// <summary>One of the three.</summary>
internal sealed record FrontValue(int Line, FrontText? Text, IReadOnlyList<FrontText>? Items, IReadOnlyDictionary<string, FrontText>? Named);

/// <summary>A role's file is wrong. The message says what to do.</summary>
internal sealed class RoleFault(int? line, string message) : Exception(message)
{
    public int? Line { get; } = line;
}
