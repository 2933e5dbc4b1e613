namespace Muster.ControlPlane.Models.Calling;

/// <summary>What failures mean that providers have in common. Pure.</summary>
public static class FaultReading
{
    private static readonly string[] NoMoney = ["insufficient_quota", "credit balance", "billing", "insufficient credits", "exceeded your current quota", "payment required"];

    public static ProviderFault Of(FaultFacts facts)
    {
        var wait = facts.Headers is { } headers ? ResetTimes.Of(name => headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null, facts.Now) : null;
        return new ProviderFault(ClassOf(facts), Text(facts), wait);
    }

    private static string ClassOf(FaultFacts facts) => facts.Status switch
    {
        // Both OpenAI (429) and Anthropic (400) say so in words only.
        400 or 403 or 429 when SaysNoMoney(facts) => FaultClass.Quota,
        400 or 413 or 422 => FaultClass.Refused,
        401 or 403 => FaultClass.Unauthorized,
        402 => FaultClass.Quota,
        408 or 504 or 524 => FaultClass.Timeout,
        429 => FaultClass.RateLimited,
        500 or 502 or 503 or 520 or 521 or 522 or 523 or 529 => FaultClass.Overloaded,
        0 when facts.Type?.Contains("overloaded", StringComparison.OrdinalIgnoreCase) == true => FaultClass.Overloaded,
        0 when facts.Type?.Contains("rate_limit", StringComparison.OrdinalIgnoreCase) == true => FaultClass.RateLimited,
        _ => FaultClass.Broken,
    };

    private static bool SaysNoMoney(FaultFacts facts) => NoMoney.Any(word => facts.Message.Contains(word, StringComparison.OrdinalIgnoreCase) || facts.Type?.Contains(word, StringComparison.OrdinalIgnoreCase) == true);

    private static string Text(FaultFacts facts)
    {
        var said = facts.Message.Length > 300 ? facts.Message[..300] + "…" : facts.Message;
        return facts.Status == 0 ? said : $"{facts.Status}: {said}";
    }
}
