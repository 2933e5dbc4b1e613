using System.Text;
using Muster.Runner.Builtin.Transcripts;

namespace Muster.Runner.Tests.Builtin;

public sealed class RedactorTests
{
    private const string Secret = "mls_s3cr3t/with+odd=characters~0123456789";

    [Theory]
    [InlineData("the key mls_s3cr3t/with+odd=characters~0123456789 is here")]
    [InlineData("https://x/?key=mls_s3cr3t%2Fwith%2Bodd%3Dcharacters~0123456789")]
    [InlineData("Authorization: Bearer abcdefghijklmnopqrstuv")]
    [InlineData("password = \"correct-horse-battery\"")]
    [InlineData("\"api_key\": \"0123456789abcdef0123\"")]
    [InlineData("https://user:hunter2hunter2@example.invalid/x")]
    [InlineData("sk-ant-api03-abcdefghijklmnopqrstuvwx")]
    [InlineData("gh" + "p_abcdefghijklmnopqrstuvwxyz0123456789")]
    [InlineData("AKI" + "AABCDEFGHIJKLMNOP")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U")]
    [Trait("req", "D11")]
    public void Takes_out_what_it_knows_and_what_looks_secret(string text)
    {
        var clean = new Redactor(Secret).Clean(text);
        Assert.Contains("[redacted]", clean, StringComparison.Ordinal);
        foreach (var part in new[] { "s3cr3t", "abcdefghij", "horse", "0123456789", "hunter2", "ABCDEFG", "dozjg" }) Assert.DoesNotContain(part, clean, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("ab")]
    [Trait("req", "D11")]
    public void Takes_out_other_forms_of_what_it_knows_at_any_offset(string before)
    {
        var redactor = new Redactor(Secret);
        var bytes = Encoding.UTF8.GetBytes($"{before}{Secret} and more");
        foreach (var form in new[] { Convert.ToBase64String(bytes), Convert.ToHexString(bytes), Convert.ToHexStringLower(bytes), new string([.. Secret.Reverse()]) })
            Assert.Contains("[redacted]", redactor.WithoutKnown(form), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("public string Token { get; init; }")]
    [InlineData("var tokens = Parse(text); // password is asked for later")]
    [InlineData("commit 3f786850e387550fdab836ed7e6dc881de23001b")]
    [InlineData("basic 12 tests")]
    public void Leaves_ordinary_text_alone(string text) => Assert.Equal(text, new Redactor(Secret).Clean(text));

    [Fact]
    public void What_a_model_reads_loses_only_what_is_known()
    {
        var redactor = new Redactor(Secret);
        Assert.Equal("password=changeme12345 [redacted]", redactor.WithoutKnown($"password=changeme12345 {Secret}"));
    }
}
