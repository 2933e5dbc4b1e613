using System.IO.Enumeration;
using Muster.ControlPlane.Delivery.Rules;
using Muster.ControlPlane.Models.Calling;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

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
            foreach (var (pattern, price) in read.Models) _prices.Add((pattern, price.ToPrice(file, pattern)));
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

    private static PriceFile Read(string file)
    {
        var parser = new Parser(new StringReader(File.ReadAllText(file)));
        PriceFile? read;
        try
        {
            read = new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance).WithEnforceRequiredMembers().Build().Deserialize<PriceFile?>(parser);
        }
        catch (Exception error) when (YamlFaults.Is(error))
        {
            throw new FormatException($"{file}:{YamlFaults.Line(error, parser)} is no price table: {YamlFaults.Text(error)} It has a date, and under models patterns such as openai/gpt-5* with in, out, cached and stored in US dollars for a million tokens.", error);
        }

        return read ?? throw new FormatException($"{file} is empty.");
    }

    private sealed class PriceFile
    {
        public required string Date { get; set; }
        public Dictionary<string, PriceLine> Models { get; set; } = [];
    }

    private sealed class PriceLine
    {
        public required decimal In { get; set; }
        public required decimal Out { get; set; }
        public decimal? Cached { get; set; }
        public decimal? Stored { get; set; }

        public ModelPrice ToPrice(string file, string pattern)
        {
            var price = new ModelPrice(In, Out, Cached ?? In, Stored ?? In);
            return Math.Min(Math.Min(price.In, price.Out), Math.Min(price.Cached, price.Stored)) >= 0 ? price : throw new FormatException($"{file}: the price of {pattern} is less than nought.");
        }
    }
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

    public static double Dollars(long nanos) => nanos / PerDollar;

    public static long? Of(double? dollars) => dollars is { } d ? (long)Math.Round(d * PerDollar) : null;
}
