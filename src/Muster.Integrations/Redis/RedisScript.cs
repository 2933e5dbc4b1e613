using System.Security.Cryptography;
using System.Text;

namespace Muster.Integrations.Redis;

/// <summary>A script that the server runs in one step, with nothing in between.</summary>
internal sealed class RedisScript(string text)
{
    public string Text { get; } = text;

    // Redis names scripts by this hash; nothing is protected by it.
#pragma warning disable CA5350
    public string Hash { get; } = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5350

    /// <summary>Takes from a bucket, as <c>Bucket.Take</c> does, by the server's clock in microseconds: what it holds, what one costs, how many.</summary>
    public static RedisScript Take { get; } = new(
        """
        local t = redis.call('TIME')
        local now = t[1] * 1000000 + t[2]
        local whole = tonumber(ARGV[1])
        local from = tonumber(redis.call('GET', KEYS[1]) or 0)
        if from < now then from = now end
        if from > now + whole then from = now + whole end
        local full = from + tonumber(ARGV[2]) * tonumber(ARGV[3])
        local wait = full - whole - now
        if wait > 0 then return {0, math.ceil(wait)} end
        redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
        return {1, 0}
        """);

    public static RedisScript Extend { get; } = new("if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0");

    public static RedisScript Unlock { get; } = new("if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0");
}
