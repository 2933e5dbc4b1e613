using System.Text.Json;
using Microsoft.AspNetCore.Http.Extensions;
using Muster.Contracts;
using Muster.ControlPlane.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Operations;

/// <summary>Turns whatever went wrong into problem details with a stable code. Faults of ours say nothing of their insides.</summary>
public sealed class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext http)
    {
        try
        {
            await next(http);
            if (http.Response is { HasStarted: false, StatusCode: 400 or 404 or 405 or 415, ContentLength: null } && http.Response.ContentType is null)
                await WriteAsync(http, FromStatus(http));
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The caller left; there is nobody to answer.
        }
        catch (Exception error) when (!http.Response.HasStarted)
        {
            var problem = Of(error);
            // What has a code of its own is known, and told by whoever met it as well.
            if (problem.Status == 500) logger.LogError(error, "{Method} {Path} failed", http.Request.Method, http.Request.Path);
            else if (problem.Status > 500) logger.LogWarning("A request was answered with {Code}: {Detail}", problem.Code, problem.Detail);
            await WriteAsync(http, problem, (error as Refusal)?.RetryAfter);
        }
    }

    private static Problem Of(Exception error) => error switch
    {
        Refusal r => r.ToProblem(),
        BadHttpRequestException { StatusCode: 413 } => Make(413, ProblemCodes.TooLarge, "The request is larger than this path takes. Send less, or store the bulk as an artifact."),
        BadHttpRequestException { InnerException: JsonException json } => Make(400, ProblemCodes.Invalid, $"The body is not the JSON this path takes: {Where(json)}. /openapi/v1.json describes it."),
        BadHttpRequestException bad => Make(bad.StatusCode, ProblemCodes.Invalid, bad.Message),
        JsonException json => Make(400, ProblemCodes.Invalid, $"The body is not the JSON this path takes: {Where(json)}."),
        StoreUnusableException => Make(503, ProblemCodes.Unavailable, "The store cannot be used now; try again shortly."),
        _ when IsFull(error) => Make(507, ProblemCodes.StoreFull, "The disk of the store is full. Make room; nothing was changed, and it goes on by itself then."),
        _ => Make(500, ProblemCodes.Internal, "Something went wrong in the plane; its log has the details."),
    };

    /// <summary>SQLITE_FULL, or the file system's own word for it.</summary>
    private static bool IsFull(Exception error) =>
        error is System.Data.Common.DbException { ErrorCode: var _ } db && (db.Message.Contains("disk is full", StringComparison.Ordinal) || db.SqlState == "53100")
        || error is IOException io && (io.HResult & 0xffff) == 28;

    private static string Where(JsonException json)
    {
        var at = string.IsNullOrEmpty(json.Path) || json.Path == "$" ? "" : $" at {Refusal.Shorten(json.Path)}";
        var line = json.LineNumber is { } n ? $" (line {n + 1})" : "";
        // Messages of missing members name the members, which is what the sender needs; others may quote the input.
        var missing = json.Message.Contains("missing required properties", StringComparison.Ordinal) ? ": " + Refusal.Shorten(json.Message[json.Message.IndexOf("missing", StringComparison.Ordinal)..]) : "";
        return $"it cannot be read{at}{line}{missing}";
    }

    private static Problem FromStatus(HttpContext http) => http.Response.StatusCode switch
    {
        400 => Make(400, ProblemCodes.Invalid, $"A value in {Refusal.Shorten(http.Request.GetEncodedPathAndQuery())} is not of the kind this path takes. /openapi/v1.json describes it."),
        405 => Make(405, ProblemCodes.Invalid, $"{http.Request.Method} is not possible here."),
        415 => Make(415, ProblemCodes.Invalid, "Send JSON with the header 'Content-Type: application/json'."),
        _ => Make(404, ProblemCodes.NotFound, $"There is nothing at {Refusal.Shorten(http.Request.GetEncodedPathAndQuery())}. /openapi/v1.json lists the paths."),
    };

    private static Problem Make(int status, string code, string detail) => new() { Title = Title(status), Status = status, Code = code, Detail = detail };

    private static string Title(int status) => Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status);

    private static Task WriteAsync(HttpContext http, Problem problem, TimeSpan? retryAfter = null)
    {
        var allowed = http.Response.Headers.Allow;
        http.Response.Clear();
        SecurityHeaders.Set(http);
        if (allowed.Count > 0) http.Response.Headers.Allow = allowed;
        http.Response.StatusCode = problem.Status;
        if (retryAfter is { } wait) http.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString();
        if (problem.Status == 401) http.Response.Headers.WWWAuthenticate = "Bearer";
        return http.Response.WriteAsJsonAsync(problem, Wire.Json, "application/problem+json");
    }
}
