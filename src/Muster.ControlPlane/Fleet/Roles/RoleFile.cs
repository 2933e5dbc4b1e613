using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Contracts.Fleet;
using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Operations;

namespace Muster.ControlPlane.Fleet.Roles;

/// <summary>Reads one role from its file. What is wrong is said with its line; a key that is not known is refused, so that a misspelt limit is not a silent one.</summary>
internal static partial class RoleFile
{
    public const int MostBytes = 64 * 1024;
    private const int MostFront = 16 * 1024;
    private const int MostItems = 100;
    private const string Fence = "---\n";

    private static readonly string[] Keys = ["team", "labels", "tools", "mcp", "route", "limits", "evidence"];
    private static readonly string[] Limits = ["usd", "tokens", "calls", "turns", "minutes"];

    /// <exception cref="RoleFault">It defines no role; says where and what to do.</exception>
    public static Role Read(string file, string source)
    {
        var info = new FileInfo(file);
        if (info.Length > MostBytes) throw new RoleFault(null, $"The file has {info.Length:N0} bytes; a role has at most {MostBytes:N0}. Agents get all of it with every task.");
        return Parse(Path.GetFileNameWithoutExtension(file), File.ReadAllText(file), file, source);
    }

    public static Role Parse(string name, string whole, string file, string source)
    {
        if (!Names.IsName(name)) throw new RoleFault(null, $"The file's name is the role's. {Names.Rule} Rename it.");
        var text = whole.TrimStart('\uFEFF').ReplaceLineEndings("\n");
        var end = text.StartsWith(Fence, StringComparison.Ordinal) ? text.IndexOf("\n---\n", Fence.Length - 1, StringComparison.Ordinal) : -1;
        if (end < 0) throw new RoleFault(1, "A role begins with front matter between two lines '---', then come its instructions.");
        if (end > MostFront) throw new RoleFault(1, $"The front matter has {end:N0} characters; at most {MostFront:N0} are allowed.");
        var instructions = Plain(text[(end + 5)..]);
        if (instructions.Length == 0) throw new RoleFault(text[..end].Count(c => c == '\n') + 2, "There are no instructions behind the front matter. Say what the role owes and how it works.");
        var front = FrontMatter.Read(text[Fence.Length..Math.Max(Fence.Length, end)]);
        foreach (var (key, value) in front.All)
            if (!Keys.Contains(key, StringComparer.Ordinal)) throw new RoleFault(value.Line, $"'{Refusal.Shorten(key)}' is no key of a role. There are {string.Join(", ", Keys)}.");
        return new Role
        {
            Name = name,
            Team = Line(front, "team", 60),
            Labels = Items(front, "labels", text => text.Length is > 0 and <= 50 && !text.Any(char.IsControl), "A label has 1 to 50 characters.") ?? [],
            Tools = Items(front, "tools", text => ToolPattern().IsMatch(text), "A tool is named as models know it: shell, grafana__query, grafana__*; with a '-' before it, it is taken away: -shell."),
            Mcp = Items(front, "mcp", text => text.Length <= 30 && Names.IsName(text), "Name servers of mcp.yaml, or ready-made ones."),
            Route = Route(front),
            Limits = ReadLimits(front),
            Evidence = Evidence(front),
            Instructions = instructions,
            Source = source,
            File = file,
        }.WithHash();
    }

    // Control codes would reach terminals and models; a line's end and a tab are all that a text needs.
    private static string Plain(string text) => new string([.. text.Where(c => c is '\n' or '\t' || !char.IsControl(c))]).Trim();

    private static string? Line(FrontMatter front, string key, int max)
    {
        if (front.Find(key) is not { } value) return null;
        if (value.Text is not { } text) throw new RoleFault(value.Line, $"'{key}' is one text: '{key}: value'.");
        if (text.Text.Length > max || text.Text.Any(char.IsControl)) throw new RoleFault(text.Line, $"'{key}' is one line of at most {max} characters.");
        return text.Text.Trim() is { Length: > 0 } line ? line : null;
    }

    private static List<string>? Items(FrontMatter front, string key, Predicate<string> holds, string rule)
    {
        if (front.Find(key) is not { } value || value is { Text.Text.Length: 0 }) return null;
        var items = value.Items ?? (value.Text is { } one ? [one] : throw new RoleFault(value.Line, $"'{key}' is a list: '{key}: [one, two]'."));
        if (items.Count > MostItems) throw new RoleFault(value.Line, $"'{key}' has {items.Count} entries; at most {MostItems} are allowed.");
        foreach (var item in items)
            if (!holds(item.Text)) throw new RoleFault(item.Line, $"'{Refusal.Shorten(item.Text)}' does not belong in '{key}'. {rule}");
        return [.. items.Select(i => i.Text).Distinct(StringComparer.Ordinal)];
    }

    private static string? Route(FrontMatter front)
    {
        var route = Line(front, "route", 200);
        return route is null || ModelName().IsMatch(route) ? route : throw new RoleFault(front.Find("route")!.Line, "'route' is a route's name (smart, fast, local) or provider/model; `muster models list` shows them.");
    }

    private static Contract? Evidence(FrontMatter front)
    {
        if (front.Find("evidence") is not { } value) return null;
        var text = value.Text?.Text ?? (value.Items is { } items ? string.Join(" + ", items.Select(i => i.Text)) : throw new RoleFault(value.Line, "'evidence' is a contract: 'evidence: commit + pr(merged)', or a list of its items."));
        var (contract, errors) = Contract.Parse(text);
        return contract is null ? throw new RoleFault(value.Line, string.Join(' ', errors)) : contract.Items.Count == 0 ? null : contract;
    }

    private static RoleLimits? ReadLimits(FrontMatter front)
    {
        if (front.Find("limits") is not { } value || value is { Text.Text.Length: 0 }) return null;
        if (value.Named is not { } named) throw new RoleFault(value.Line, $"'limits' names each limit: 'limits: {{ usd: 5, tokens: 2000000 }}'. There are {string.Join(", ", Limits)}.");
        foreach (var (key, at) in named)
            if (!Limits.Contains(key, StringComparer.Ordinal)) throw new RoleFault(at.Line, $"'{Refusal.Shorten(key)}' is no limit of a role. There are {string.Join(", ", Limits)}.");
        var limits = new RoleLimits
        {
            Usd = Number(named, "usd", 0, 1_000_000, whole: false),
            Tokens = (long?)Number(named, "tokens", 1, 1_000_000_000_000),
            Calls = (long?)Number(named, "calls", 1, 1_000_000_000),
            Turns = (int?)Number(named, "turns", 1, 10_000),
            Minutes = (int?)Number(named, "minutes", 1, 10_080),
        };
        return limits == new RoleLimits() ? null : limits;
    }

    private static double? Number(IReadOnlyDictionary<string, FrontText> named, string key, double least, double most, bool whole = true)
    {
        if (!named.TryGetValue(key, out var value)) return null;
        var plain = value.Text.Replace("_", "", StringComparison.Ordinal);
        if (double.TryParse(plain, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most && (!whole || number == Math.Floor(number))) return number;
        throw new RoleFault(value.Line, $"limits.{key} is {(whole ? "a whole number from" : "a number from")} {least:N0} to {most:N0}, not '{Refusal.Shorten(value.Text)}'.");
    }

    [GeneratedRegex("^-?[A-Za-z0-9_*][A-Za-z0-9_*-]{0,63}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ToolPattern();

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ModelName();
}
