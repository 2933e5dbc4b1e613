using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Muster.Contracts;
using Muster.Proof.Checking;

namespace Muster.Proof.Fuzz;

/// <summary>What any answer must be, whatever was asked. Pure.</summary>
internal sealed partial class Judge(ApiDocument document, IReadOnlyDictionary<string, string> secrets, IReadOnlyDictionary<string, string> self)
{
    private static readonly HashSet<string> Codes = [.. typeof(ProblemCodes).GetFields().Select(f => (string)f.GetValue(null)!)];

    /// <summary>The only operations whose answers hold a lease or a new token.</summary>
    private static readonly string[] Leasing = ["ClaimTasks", "CreateAssignment", "ClaimJobs", "ClaimToolJob"];
    private static readonly string[] Minting = ["CreateToken", "CreateAgentToken", "CreateSession"];

    /// <summary>Null when nothing is wrong with it.</summary>
    public Breach? Look(FuzzRequest request, FuzzAnswer answer)
    {
        var operation = request.Operation;
        var known = secrets.ContainsKey(request.Caller) && request.Caller is not "revoked" and not "junk";
        if (answer.Status >= 500) return Make("server_error", request, answer);
        if (Leak(operation, answer) is { } leak) return Make("leak", request, answer, leak);
        // The type of a body is judged before its sender, and tells nothing.
        if (operation.Scopes is not null && !known && answer.Status is not 401 and not 415 && !answer.IsMalformed) return Make("open_door", request, answer, "without a valid token it must be 401");
        if (operation.Scopes is { } scopes && known && !scopes.Contains(Scope(request.Caller), StringComparer.Ordinal) && answer.Status is not 403 and not 415 && !answer.IsMalformed)
            return Make("open_door", request, answer, $"a token of scope {Scope(request.Caller)} must get 403");
        if (answer.Status >= 400) return answer.IsMalformed ? null : Problem(answer) is { } fault ? Make("problem", request, answer, fault) : null;
        return Declared(operation, answer) is { } schema ? Make("schema", request, answer, schema) : Foreign(request, answer) is { } foreign ? Make("foreign", request, answer, foreign) : null;
    }

    public static Breach Make(string rule, FuzzRequest request, FuzzAnswer answer, string? why = null) =>
        new(rule, $"{request.Operation.Id} as {request.Caller}: {answer.Status}{(why is null ? "" : ", " + why)}; answer: {answer.Text[..Math.Min(answer.Text.Length, 400)]}");

    private static string Scope(string caller) => caller == "other" ? "agent" : caller;

    private string? Leak(Operation operation, FuzzAnswer answer)
    {
        if (secrets.FirstOrDefault(s => s.Value.Length > 0 && answer.Text.Contains(s.Value, StringComparison.Ordinal)) is { Key: { } whose }) return $"the answer holds the token of {whose}";
        if (!Leasing.Contains(operation.Id, StringComparer.Ordinal) && Lease().IsMatch(answer.Text)) return "the answer holds a lease";
        return !Minting.Contains(operation.Id, StringComparer.Ordinal) && Token().Matches(answer.Text).Any(m => m.Value != ValueMaker.MadeUpToken) ? "the answer holds a token" : null;
    }

    private static string? Problem(FuzzAnswer answer)
    {
        if (answer.ContentType != "application/problem+json") return $"its type is {answer.ContentType ?? "none"}";
        if (answer.Text.Contains("\n   at ", StringComparison.Ordinal) || answer.Text.Contains("\\n   at ", StringComparison.Ordinal)) return "it shows the insides";
        try
        {
            var problem = JsonSerializer.Deserialize<Problem>(answer.Text, Wire.Json)!;
            if (!Codes.Contains(problem.Code)) return $"its code '{problem.Code}' is not one of the stable ones";
            if (problem.Status != answer.Status) return $"it says {problem.Status}";
            return string.IsNullOrWhiteSpace(problem.Detail) ? "it does not say what to do" : null;
        }
        catch (JsonException error)
        {
            return error.Message;
        }
    }

    private string? Declared(Operation operation, FuzzAnswer answer)
    {
        if (!operation.Answers.TryGetValue(answer.Status, out var schema)) return "the document does not have this status";
        if (schema is null) return null;
        if (answer.ContentType != "application/json") return $"its type is {answer.ContentType ?? "none"}";
        try
        {
            return SchemaCheck.Fault(document, schema, JsonNode.Parse(answer.Text));
        }
        catch (JsonException error)
        {
            return error.Message;
        }
    }

    /// <summary>An agent's own token works for that agent and for nobody else.</summary>
    private string? Foreign(FuzzRequest request, FuzzAnswer answer)
    {
        if (!self.TryGetValue(request.Caller, out var name)) return null;
        var names = request.Operation.Id switch
        {
            "ClaimTasks" => JsonNode.Parse(answer.Text)!["tasks"]!.AsArray().Select(t => t!["assignment"]!["agent"]!.GetValue<string>()),
            "CreateAssignment" => [JsonNode.Parse(answer.Text)!["assignment"]!["agent"]!.GetValue<string>()],
            "Heartbeat" => [JsonNode.Parse(answer.Text)!["agent"]!.GetValue<string>()],
            _ => [],
        };
        return names.FirstOrDefault(n => n != name) is { } other ? $"the token of {name} acted for {other}" : null;
    }

    [GeneratedRegex("mls_[A-Za-z0-9_-]{60,}", RegexOptions.None, 1000)]
    private static partial Regex Lease();

    [GeneratedRegex("mst_[A-Za-z0-9_-]{32}", RegexOptions.None, 1000)]
    private static partial Regex Token();
}

/// <summary>An answer, read.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="ContentType">Without parameters.</param>
/// <param name="Text">The body; of a stream, nothing.</param>
internal sealed record FuzzAnswer(int Status, string? ContentType, string Text)
{
    /// <summary>Refused by the web server itself, before there is a request that the plane could answer.</summary>
    public bool IsMalformed => Status is 400 or 413 or 414 or 431 && Text.Length == 0;

    /// <summary>The stable code of a problem; null where there is none that can be read.</summary>
    public string? Code
    {
        get
        {
            try
            {
                return ContentType == "application/problem+json" ? JsonSerializer.Deserialize<Problem>(Text, Wire.Json)?.Code : null;
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }
}
