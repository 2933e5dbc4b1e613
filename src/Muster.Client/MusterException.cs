using Muster.Contracts;

namespace Muster.Client;

/// <summary>The plane answered with an error. The message is written for people and holds no secret.</summary>
public class MusterException : Exception
{
    /// <summary>Wraps a problem that the plane sent.</summary>
    public MusterException(Problem problem, Exception? inner = null)
        : base(problem.Detail ?? problem.Title, inner)
    {
        Problem = problem;
    }

    /// <summary>The whole problem, with field paths where it has them.</summary>
    public Problem Problem { get; }

    /// <summary>Status of the HTTP answer.</summary>
    public int StatusCode => Problem.Status;

    /// <summary>One of <see cref="ProblemCodes"/>.</summary>
    public string Code => Problem.Code;

    /// <summary>Whether the same call may succeed later without any change: 408, 429 and 5xx.</summary>
    public bool IsTransient => StatusCode is 408 or 429 or >= 500;

    /// <summary>How long the plane asked to wait, when it did.</summary>
    public TimeSpan? RetryAfter { get; init; }

    internal static MusterException From(Problem problem, TimeSpan? retryAfter = null) => problem.Code == ProblemCodes.LeaseLost
        ? new LeaseLostException(problem) { RetryAfter = retryAfter }
        : new MusterException(problem) { RetryAfter = retryAfter };
}

/// <summary>The lease is no longer current: the task is not yours any more. Stop at once and kill what you started for it.</summary>
public sealed class LeaseLostException(Problem problem) : MusterException(problem);

/// <summary>The plane could not be reached in any try: connection refused, cut, or no answer in time.</summary>
public sealed class PlaneUnreachableException : Exception
{
    /// <summary>Names the address that was tried.</summary>
    public PlaneUnreachableException(Uri server, string why, Exception? inner = null)
        : base($"The plane at {Shown(server)} cannot be reached: {why} Is it running (muster up), and is MUSTER_SERVER right?", inner)
    {
        Server = server;
    }

    /// <summary>The address that was tried.</summary>
    public Uri Server { get; }

    // Without what may be secret in it: user, password, query.
    private static string Shown(Uri server) =>
        server.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/');
}
