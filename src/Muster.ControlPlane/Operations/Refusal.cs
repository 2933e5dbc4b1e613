using Muster.Contracts;

namespace Muster.ControlPlane.Operations;

/// <summary>A request refused for a reason its sender can mend. The message is a sentence for them and crosses the wire.</summary>
public sealed class Refusal(int status, string code, string detail) : Exception(detail)
{
    public int Status { get; } = status;
    public string Code { get; } = code;
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    /// <summary>When the same may succeed; told in the <c>Retry-After</c> header.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public Problem ToProblem() => new()
    {
        Title = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(Status),
        Status = Status,
        Code = Code,
        Detail = Message,
        Errors = Errors,
    };

    public static Refusal NotFound(string what, string id) =>
        new(404, ProblemCodes.NotFound, $"There is no {what} '{Shorten(id)}'.");

    public static Refusal Invalid(string field, string detail) =>
        new(400, ProblemCodes.Invalid, detail) { Errors = new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [detail] } };

    public static Refusal Conflict(string detail) => new(409, ProblemCodes.Conflict, detail);

    public static Refusal WrongState(string detail) => new(409, ProblemCodes.WrongState, detail);

    public static Refusal LeaseLost() =>
        new(409, ProblemCodes.LeaseLost, "This lease is no longer current: the task was given to another attempt, finished or taken back. Stop work on it.");

    public static Refusal LeaseRequired() =>
        new(409, ProblemCodes.LeaseRequired, $"Send the assignment's lease in the {Wire.LeaseHeader} header.");

    public static Refusal Forbidden(string detail) => new(403, ProblemCodes.Forbidden, detail);

    /// <summary>Text from outside, short enough to be repeated in a sentence.</summary>
    public static string Shorten(string text) => text.Length <= 80 ? text : text[..77] + "...";
}
