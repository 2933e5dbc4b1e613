using System.IO.Enumeration;
using Muster.ControlPlane.Delivery.Rules;
using Muster.ControlPlane.Models.Calling;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Muster.ControlPlane.Models.Ledger;

/// <summary>
/// What models cost, as data with its date: the operator's file before the shipped one, the first pattern that fits. A model
/// that is in none has no known price, which is said and never taken for nought.
/// </summary>
public sealed class PriceTable
{
    private readonly List<(string Pattern, ModelPrice Price)> _prices = [];

    /// <exception cref="FormatException">A file is not what it should be; the message says which and why.</exception>
    public PriceTable(IEnumerable<string> files)
    {
        foreach (var file in files.Where(File.Exists))
        {
            var read = Read(file);
            Date ??= read.Date;
            _prices.AddRange(read.Models);
        }
    }

    /// <summary>Of the newest word, the operator's if there is one.</summary>
    public string? Date { get; }

    /// <param name="provider">Name of the provider.</param>
    /// <param name="model">As the provider calls it.</param>
    public ModelPrice? Of(string provider, string model)
    {
        var name = $"{provider}/{model}";
        foreach (var (pattern, price) in _prices)
            if (FileSystemName.MatchesSimpleExpression(pattern, name)) return price;
        return null;
    }

    private static (string? Date, IReadOnlyList<(string Pattern, ModelPrice Price)> Models) Read(string file)
    {
        var stream = new YamlStream();
        var parser = new Parser(new StringReader(File.ReadAllText(file)));
        try
        {
            stream.Load(parser);
        }
        catch (Exception error) when (YamlFaults.Is(error))
        {
            throw Wrong(file, YamlFaults.Line(error, parser), YamlFaults.Text(error), error);
        }

        if (stream.Documents.Count == 0) throw new FormatException($"{file} is empty.");
        if (stream.Documents[0].RootNode is not YamlMappingNode root) throw Wrong(file, 1, "It has no settings.");
        List<RuleError> errors = [];
        var top = new YamlReader(root, "the file", errors);
        top.Only(["date", "models"]);
        var date = top.Text("date", required: true, 40);
        List<(string, ModelPrice)> models = [.. top.Map("models").Select(m => (m.Key, PriceOf(m.Key, m.Value, errors)))];
        return errors.MinBy(e => e.Line) is { } first ? throw Wrong(file, first.Line, first.Text) : (date, models);
    }

    private static ModelPrice PriceOf(string pattern, YamlNode node, List<RuleError> errors)
    {
        if (node is not YamlMappingNode mapping)
        {
            errors.Add(new RuleError((int)node.Start.Line, $"'{pattern}' has no prices."));
            return new ModelPrice(0, 0, 0, 0);
        }

        var price = new YamlReader(mapping, $"the price of {pattern}", errors);
        price.Only(["in", "out", "cached", "stored"]);
        var fresh = price.Amount("in", required: true) ?? 0;
        return new ModelPrice(fresh, price.Amount("out", required: true) ?? 0, price.Amount("cached", required: false) ?? fresh, price.Amount("stored", required: false) ?? fresh);
    }

    private static FormatException Wrong(string file, int line, string text, Exception? cause = null) =>
        new($"{file}:{line} is no price table: {text} It has a date, and under models patterns such as openai/gpt-5* with in, out, cached and stored in US dollars for a million tokens.", cause);
}

/// <summary>US dollars for a million tokens.</summary>
/// <param name="In">Read anew.</param>
/// <param name="Out">Answered.</param>
/// <param name="Cached">Read from the provider's cache.</param>
/// <param name="Stored">Written to the provider's cache.</param>
public sealed record ModelPrice(decimal In, decimal Out, decimal Cached, decimal Stored)
{
    private const decimal NanosPerToken = 1000;

    public long Nanos(TokenCounts tokens) =>
        (long)Math.Ceiling(NanosPerToken * (In * tokens.In + Out * tokens.Out + Cached * tokens.Cached + Stored * tokens.Stored));

    /// <summary>The most that a call may cost, however much of its text is written to a cache.</summary>
    public long Most(long tokensIn, long tokensOut) => (long)Math.Ceiling(NanosPerToken * (Math.Max(In, Stored) * tokensIn + Out * tokensOut));
}

/// <summary>Money as the store keeps it.</summary>
public static class Nanos
{
    public const double PerDollar = 1e9;

    /// <summary>US dollars of one call: far more than any costs, and so little that a sum of them holds nine billion.</summary>
    public const double MostDollars = 10_000;

    /// <summary>Whether a call may have cost that much, or nobody says.</summary>
    public static bool IsPossible(double? dollars) => dollars is null or (>= 0 and <= MostDollars);

    public static double Dollars(long nanos) => nanos / PerDollar;

    public static long? Of(double? dollars) => dollars is { } d ? (long)Math.Round(d * PerDollar) : null;
}
