using System.Globalization;

namespace Muster.Proof;

/// <summary><c>--name value</c> pairs and lone <c>--flags</c>; what was not asked for is refused, so that a misspelt option is no silent one.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string?> _given = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    public Arguments(IReadOnlyList<string> words)
    {
        for (var i = 0; i < words.Count; i++)
        {
            if (!words[i].StartsWith("--", StringComparison.Ordinal)) throw new UsageException($"'{words[i]}' is no option.");
            var valued = i + 1 < words.Count && !words[i + 1].StartsWith("--", StringComparison.Ordinal);
            _given[words[i][2..]] = valued ? words[++i] : null;
        }
    }

    public bool Flag(string name)
    {
        _asked.Add(name);
        return _given.ContainsKey(name);
    }

    public string? Find(string name)
    {
        _asked.Add(name);
        return _given.GetValueOrDefault(name);
    }

    public string Text(string name) => Find(name) ?? throw new UsageException($"--{name} is needed.");

    public int Number(string name, int otherwise)
    {
        var text = Find(name);
        if (text is null) return Flag(name) ? throw new UsageException($"--{name} needs a number.") : otherwise;
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw new UsageException($"--{name} is a number, not '{text}'.");
    }

    /// <summary>Call when everything was asked for.</summary>
    public void Close()
    {
        var unknown = _given.Keys.Where(name => !_asked.Contains(name)).ToList();
        if (unknown.Count > 0) throw new UsageException($"There is no option --{unknown[0]} here. It takes {string.Join(", ", _asked.Select(a => "--" + a))}.");
    }
}

/// <summary>The command line is wrong; the message says how.</summary>
public sealed class UsageException(string message) : Exception(message);
