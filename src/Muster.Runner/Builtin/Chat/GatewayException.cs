namespace Muster.Runner.Builtin.Chat;

internal enum GatewayFailure
{
    /// <summary>Nothing came, or the answer broke off: the same question may be asked again.</summary>
    Broken,

    /// <summary>No provider of the route answers; the gateway has tried them all.</summary>
    ProviderDown,
    Budget,

    /// <summary>Models are switched off for the fleet.</summary>
    ModelsOff,
    LeaseLost,

    /// <summary>The question is longer than the model takes.</summary>
    TooLong,

    /// <summary>The question was refused and would be again.</summary>
    Refused,
}

/// <summary>The gateway gave no answer that can be used. The message is bounded; it quotes what came from outside.</summary>
internal sealed class GatewayException(GatewayFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    public GatewayFailure Failure { get; } = failure;

    /// <summary>How long the gateway asked to wait, when it did.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
