using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using Muster.ControlPlane.Work;

namespace Muster.ControlPlane.Tests.Work;

public sealed class LeaseTokenTests
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    [Fact]
    public void A_token_reads_back_as_it_was_written()
    {
        var token = new LeaseToken(Guid.NewGuid().ToString("N"), Guid.NewGuid().ToString("D"), 7);
        Assert.Equal(token, LeaseToken.Read(token.Write(Key), Key));
        Assert.Null(LeaseToken.Read(token.Write(Key), RandomNumberGenerator.GetBytes(32)));
    }

    /// <summary>The signature is the standard's, whoever computes it: HMAC-SHA256 over the first 36 bytes, its first 16.</summary>
    [Fact]
    public void It_is_signed_as_the_standard_says()
    {
        var text = new LeaseToken(Guid.NewGuid().ToString("N"), Guid.NewGuid().ToString("D"), 7).Write(Key);
        var bytes = System.Buffers.Text.Base64Url.DecodeFromChars(text.AsSpan(4));
        Assert.Equal(HMACSHA256.HashData(Key, bytes.AsSpan(0, 36))[..16], bytes[36..]);
    }

    /// <summary>Any other text is no token and no exception: it comes from outside.</summary>
    [Fact]
    public void No_other_text_is_a_token()
    {
        var text = new LeaseToken(Guid.NewGuid().ToString("N"), Guid.NewGuid().ToString("D"), 7).Write(Key);
        for (var i = 0; i < text.Length; i++)
            foreach (var c in "ABab09-_ +/=\u00e9\0")
                if (text[i] != c) Assert.Null(LeaseToken.Read(text[..i] + c + text[(i + 1)..], Key));
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<string>(), other => LeaseToken.Read(other, Key) is null && LeaseToken.Read("mls_" + other, Key) is null));
    }
}
