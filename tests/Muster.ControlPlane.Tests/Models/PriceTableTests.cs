using Muster.ControlPlane.Models.Ledger;

namespace Muster.ControlPlane.Tests.Models;

/// <summary>Requirements B7 and A13: what models cost is data, and data that is wrong is said with its line.</summary>
public sealed class PriceTableTests : IDisposable
{
    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("muster-test-").FullName, "prices.yaml");

    [Fact]
    public void What_is_not_said_of_kept_tokens_is_the_price_of_new_ones_and_the_first_pattern_counts()
    {
        var prices = Read("date: \"2025-12-01\"\nmodels:\n  \"*small*\": {in: 0.5, out: 4}\n  \"*\": {in: 3, out: 15, cached: 0.3, stored: 3.75}\n");
        Assert.Equal("2025-12-01", prices.Date);
        Assert.Equal(new ModelPrice(0.5m, 4, 0.5m, 0.5m), prices.Of("any", "small-1"));
        Assert.Equal(new ModelPrice(3, 15, 0.3m, 3.75m), prices.Of("any", "large"));
    }

    [Theory]
    [InlineData("date: x\nmodels:\n  a: {in: -1, out: 2}\n", 3, "in of the price of a is '-1'")]
    [InlineData("date: x\nmodels:\n  a: {in: 1}\n", 3, "out of the price of a is missing")]
    [InlineData("date: x\nmodels:\n  a: {in: 1, out: 2, kept: 3}\n", 3, "'kept' is not known")]
    [InlineData("date: x\nmodels:\n  a: 5\n", 3, "'a' has no prices")]
    [InlineData("models:\n  a: {in: 1, out: 2}\n", 1, "date of the file is missing")]
    [InlineData("date: x\nmodel: {}\n", 2, "'model' is not known")]
    [InlineData("- a\n", 1, "no settings")]
    public void What_is_wrong_is_said_with_file_and_line(string text, int line, string part)
    {
        var wrong = Assert.Throws<FormatException>(() => Read(text)).Message;
        Assert.StartsWith($"{_file}:{line} is no price table", wrong, StringComparison.Ordinal);
        Assert.Contains(part, wrong, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);

    private PriceTable Read(string text)
    {
        File.WriteAllText(_file, text);
        return new PriceTable([_file]);
    }
}
