namespace Muster.ControlPlane.Events.Bus;

/// <summary>
/// Patterns and what stands at each, word by word, so that finding the patterns of a subject costs by its words and not by
/// how many patterns there are. Not safe for several threads.
/// </summary>
public sealed class SubjectTree<T>
    where T : class
{
    private readonly Node _root = new();

    public bool IsEmpty => _root.IsEmpty;

    public T? Find(string pattern)
    {
        var node = _root;
        foreach (var word in pattern.Split('.'))
            if (!node.Children.TryGetValue(word, out node)) return null;
        return node.Value;
    }

    public void Set(string pattern, T value)
    {
        var node = _root;
        foreach (var word in pattern.Split('.'))
        {
            if (!node.Children.TryGetValue(word, out var next)) node.Children[word] = next = new Node();
            node = next;
        }

        node.Value = value;
    }

    /// <summary>Takes a pattern out, with every branch that has become bare.</summary>
    public void Remove(string pattern) => Remove(_root, pattern.Split('.'), 0);

    /// <summary>What stands at every pattern that a subject fits.</summary>
    public List<T> Match(string subject)
    {
        List<T> found = [];
        Match(_root, subject, 0, found);
        return found;
    }

    private static void Match(Node node, string subject, int at, List<T> found)
    {
        if (at > subject.Length)
        {
            if (node.Value is { } value) found.Add(value);
            return;
        }

        if (node.Children.Count == 0) return;
        var dot = subject.IndexOf('.', at);
        var end = dot < 0 ? subject.Length : dot;
        if (node.Children.TryGetValue(">", out var rest) && rest.Value is { } all) found.Add(all);
        if (node.Children.TryGetValue("*", out var any)) Match(any, subject, end + 1, found);
        if (node.Words.TryGetValue(subject.AsSpan(at, end - at), out var exact)) Match(exact, subject, end + 1, found);
    }

    private static void Remove(Node node, string[] words, int at)
    {
        if (at == words.Length)
        {
            node.Value = null;
            return;
        }

        if (!node.Children.TryGetValue(words[at], out var next)) return;
        Remove(next, words, at + 1);
        if (next.IsEmpty) node.Children.Remove(words[at]);
    }

    private sealed class Node
    {
        public Node() => Words = Children.GetAlternateLookup<ReadOnlySpan<char>>();

        public Dictionary<string, Node> Children { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, Node>.AlternateLookup<ReadOnlySpan<char>> Words { get; }

        public T? Value { get; set; }

        public bool IsEmpty => Value is null && Children.Count == 0;
    }
}
