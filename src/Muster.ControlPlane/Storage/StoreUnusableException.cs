namespace Muster.ControlPlane.Storage;

/// <summary>The store cannot be opened or used. The message says what to do and may be shown; where there is a code, it begins with it.</summary>
public sealed class StoreUnusableException : Exception
{
    public StoreUnusableException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    /// <param name="code">One of <see cref="StoreCodes"/>.</param>
    /// <param name="message">What is wrong, and what to do.</param>
    public StoreUnusableException(string code, string message)
        : base($"{code}: {message}") => Code = code;

    /// <summary>Says which refusal it is, for scripts; null when it is none of those.</summary>
    public string? Code { get; }
}

/// <summary>Stable names of why a store is refused.</summary>
public static class StoreCodes
{
    /// <summary>A newer release has written it, and it no longer serves this one.</summary>
    public const string Newer = "store_newer";

    /// <summary>Rows are being brought into it, or were until that was ended half-way.</summary>
    public const string Unfinished = "store_unfinished";

    /// <summary>A step would take away what a plane that runs still needs.</summary>
    public const string PlanesTooOld = "planes_too_old";

    /// <summary>Somebody holds what the next step must change.</summary>
    public const string Busy = "store_busy";
}
