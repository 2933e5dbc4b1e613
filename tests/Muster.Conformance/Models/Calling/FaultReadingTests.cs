using Muster.ControlPlane.Models.Calling;

namespace Muster.Conformance.Models.Calling;

/// <summary>What failures mean, and when to come again (D5).</summary>
[Trait("req", "D5")]
public sealed class FaultReadingTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("retry-after: 7", 7.0)]
    [InlineData("retry-after: Sun, 01 Nov 2026 12:01:00 GMT", 60.0)]
    [InlineData("retry-after-ms: 1500|retry-after: 9", 1.5)]
    [InlineData("anthropic-ratelimit-requests-reset: 2026-11-01T12:00:30Z|anthropic-ratelimit-requests-remaining: 0|anthropic-ratelimit-tokens-reset: 2026-11-01T13:00:00Z|anthropic-ratelimit-tokens-remaining: 500", 30.0)]
    [InlineData("x-ratelimit-reset-requests: 1m26.4s|x-ratelimit-remaining-requests: 0", 86.4)]
    [InlineData("x-ratelimit-reset-tokens: 120ms", 0.12)]
    [InlineData("x-ratelimit-reset: 1793534460000", 60.0)]
    [InlineData("x-ratelimit-reset: 1793534460", 60.0)]
    [InlineData("retry-after: -5", 0.0)]
    [InlineData("retry-after: 99999999", 86400.0)]
    [InlineData("retry-after: soon", null)]
    [InlineData("", null)]
    public void The_time_to_come_again_is_read_as_each_provider_writes_it(string headers, double? seconds)
    {
        var values = headers.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(h => h.Split(": ", 2)).ToDictionary(h => h[0], h => h[1], StringComparer.Ordinal);
        Assert.Equal(seconds, ResetTimes.Of(values.GetValueOrDefault, Now)?.TotalSeconds);
    }

    [Theory]
    [InlineData(400, "invalid_request_error", "messages: required", FaultClass.Refused)]
    [InlineData(400, "invalid_request_error", "Your credit balance is too low to access the API", FaultClass.Quota)]
    [InlineData(401, null, "no", FaultClass.Unauthorized)]
    [InlineData(402, null, "Insufficient credits", FaultClass.Quota)]
    [InlineData(403, null, "no", FaultClass.Unauthorized)]
    [InlineData(404, null, "no such model", FaultClass.Broken)]
    [InlineData(408, null, "late", FaultClass.Timeout)]
    [InlineData(413, "request_too_large", "too large", FaultClass.Refused)]
    [InlineData(429, "rate_limit_exceeded", "slow down", FaultClass.RateLimited)]
    [InlineData(429, "insufficient_quota", "You exceeded your current quota", FaultClass.Quota)]
    [InlineData(503, null, "busy", FaultClass.Overloaded)]
    [InlineData(529, "overloaded_error", "Overloaded", FaultClass.Overloaded)]
    [InlineData(0, "overloaded_error", "Overloaded", FaultClass.Overloaded)]
    [InlineData(302, null, "elsewhere", FaultClass.Broken)]
    public void A_failure_has_a_class(int status, string? type, string message, string expected) => Assert.Equal(expected, FaultReading.Of(new FaultFacts(status, null, type, message, Now)).Class);

    [Fact]
    public void A_breaker_opens_tries_one_and_waits_longer_each_time()
    {
        var fault = new ProviderFault(FaultClass.Overloaded, "busy");
        var breaker = Breaker.Healthy.Fail(fault, Now).Fail(fault, Now);
        Assert.Equal(BreakerState.Closed, breaker.State);
        breaker = breaker.Fail(fault, Now);
        Assert.Equal((BreakerState.Open, Now.AddSeconds(5)), (breaker.State, breaker.Until));
        Assert.False(breaker.MayTry);
        breaker = breaker.Allow();
        Assert.True(breaker.MayTry);
        Assert.False(breaker.Try().MayTry);
        breaker = breaker.Try().Fail(fault, Now);
        Assert.Equal((BreakerState.Open, Now.AddSeconds(10)), (breaker.State, breaker.Until));
        for (var i = 0; i < 20; i++) breaker = breaker.Allow().Try().Fail(fault, Now);
        Assert.Equal(Now.AddMinutes(2), breaker.Until);
        Assert.Equal(Now.AddSeconds(30), Breaker.Healthy.Fail(new ProviderFault(FaultClass.RateLimited, "", TimeSpan.FromSeconds(30)), Now).Until);
    }
}
