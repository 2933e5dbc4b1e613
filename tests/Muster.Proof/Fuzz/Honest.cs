using System.Text;
using Muster.Contracts;

namespace Muster.Proof.Fuzz;

/// <summary>
/// Requests as an honest caller makes them, about what is there: they bring about the states in which the others can do harm, such as a task that
/// is held. Bodies only: which operations there are, the document says.
/// </summary>
internal sealed class Honest
{
    private static readonly (string Operation, string? Body)[] Templates =
    [
        ("CreateTask", """{"project":"$project","title":"honest $n","contract":""}"""),
        ("CreateTask", """{"project":"$project","title":"researched $n","contract":"research","dependsOn":["$task"]}"""),
        ("CreateEpic", """{"project":"$project","title":"epic $n"}"""),
        ("Heartbeat", """{"agent":"$agent","capacity":100,"leases":["$lease"]}"""),
        ("ClaimTasks", """{"agent":"$agent","max":5,"waitSeconds":0}"""),
        ("ClaimTasks", """{"agent":"$agent","max":2,"waitSeconds":0,"labels":["a"],"projects":["$project"]}"""),
        ("CreateAssignment", """{"task":"$task","agent":"$agent"}"""),
        ("ReportAssignmentProgress", """{"percentComplete":50,"note":"half","spentHours":1.5,"wipSha":"0123456789012345678901234567890123456789"}"""),
        ("ReportTaskProgress", """{"percentComplete":50,"note":"half","spentHours":1.5}"""),
        ("AppendAssignmentLog", """{"offset":0,"text":"a line\n"}"""),
        ("CompleteAssignment", """{"summary":"done","spentHours":0.5,"evidence":[{"kind":"research","reference":"https://example.org/$n"}],"lesson":"look first"}"""),
        ("FailAssignment", """{"reason":"no","retry":true,"lesson":"look first"}"""),
        ("ReleaseAssignment", """{"reason":"not now"}"""),
        ("ReleaseAssignment", """{"reason":"question: which?","waitFor":"approval","waitSeconds":60}"""),
        ("AddTaskUpdate", """{"text":"a word"}"""),
        ("AddDependency", """{"on":"$task"}"""),
        ("CancelTask", """{"reason":"enough"}"""),
        ("RetryTask", null),
        ("TakeBackTask", """{"text":"mine"}"""),
        ("CreateBudget", """{"scope":"task","subject":"$task","period":"day","limitUsd":5,"limitTokens":100000,"limitCalls":50}"""),
        ("CreateBudget", """{"scope":"project","subject":"$project","limitUsd":100}"""),
        ("UpdateBudget", """{"limitUsd":50,"limitTokens":200000}"""),
        ("CreateEvent", """{"type":"custom.honest","text":"it happened","project":"$project","task":"$task","data":{"a":[1,{"b":null}]}}"""),
        ("PublishMessage", """{"subject":"agents.$project.all","data":{"a":1}}"""),
        ("RequestMessage", """{"subject":"agents.$project.all","data":{"a":1},"timeoutSeconds":0.1}"""),
        ("CreateTool", Tool),
        ("CreateToolVersion", Tool),
        ("UpdateTool", """{"source":"wc -c"}"""),
        ("TestTool", """{}"""),
        ("RetireTool", """{"reason":"enough"}"""),
        ("UpdateRoleNotes", """{"text":"- a note\n"}"""),
        ("ProposeRole", """{"text":"---\nteam: core\n---\n\nDo it well.\n","why":"better"}"""),
        ("SetSecret", """{"value":"of the fuzz"}"""),
        ("HostHeartbeat", """{"host":"honest-host","cores":2,"capacity":2,"agents":[],"jobs":[]}"""),
        ("Say", """{"text":"Please make a report","project":"$project"}"""),
        ("SayMore", """{"text":"And soon"}"""),
        ("CancelGoal", """{"text":"enough"}"""),
        ("UpdateProject", """{"leaseSeconds":120,"maxFailures":4}"""),
        ("AddEvidence", """{"task":"$task","kind":"research","reference":"https://example.org/$n"}"""),
        ("ImportPlan", """{"project":"$project","markdown":"# Plan $n\n\n## Epic 1: One\n\n### #$n A thing\n\nDo it.\n"}"""),
        ("CreateModelUsage", """{"task":"$task","provider":"own","model":"m","tokensIn":10,"tokensOut":5,"costUsd":0.1}"""),
        ("UpdateModelUsage", """{"costUsd":0.2}"""),
        ("ClaimJobs", """{"host":"honest-host","max":2,"waitSeconds":0}"""),
        ("ClaimToolJob", """{"host":"honest-host","waitSeconds":0}"""),
        ("ReportToolJob", """{"hash":"$hash","results":[{"name":"one","passed":true,"milliseconds":3}]}"""),
        ("ApproveTool", """{"version":1,"hash":"$hash","reason":"it does what it says"}"""),
        ("StartToolCall", """{"inputBytes":10}"""),
        ("EndToolCall", """{"outcome":"ok","milliseconds":5,"outputBytes":10}"""),
        ("UpdateHost", """{"capacity":3}"""),
        ("DrainAgent", null),
        ("RemoveDependency", null),
        ("DeleteEpic", null),
        ("DeleteModelUsage", null),
        ("DeleteRoleNote", null),
        ("CreateProject", """{"name":"made $n","key":"H$n","contract":""}"""),
        ("DeleteTask", null),
        ("SpawnSpecialist", """{"name":"special-$n","why":"nobody knows it","instructions":"Do it well.","limitUsd":1,"limitTokens":1000,"hours":1}"""),
        ("CreateSignInLink", null),
        ("CreateSession", """{"code":"$code"}"""),
        ("CreateToken", """{"name":"seen $n","scope":"viewer","expiresInDays":1}"""),
    ];

    private const string Tool =
        """
        {"manifest":{"name":"$tool","description":"Counts.","language":"shell","inputSchema":{"type":"object","properties":{"text":{"type":"string","description":"what"}},"required":["text"]},
         "outputSchema":{"type":"object","properties":{"count":{"type":"integer"}},"required":["count"]},"permissions":{}},
         "source":"printf '{\"count\":1}'","tests":[{"name":"one","input":{"text":"a"},"output":{"count":1}}]}
        """;

    private readonly Random _random;
    private readonly Pool _pool;
    private readonly IReadOnlyList<(Operation Operation, string? Body)> _known;

    public Honest(ApiDocument document, Random random, Pool pool)
    {
        (_random, _pool) = (random, pool);
        var operations = document.Operations.ToDictionary(o => o.Id, StringComparer.Ordinal);
        _known = [.. Templates.Where(t => operations.ContainsKey(t.Operation)).Select(t => (operations[t.Operation], t.Body))];
    }

    public FuzzRequest Make(Func<Operation, string> fillPath)
    {
        var (operation, body) = _known[_random.Next(_known.Count)];
        var path = fillPath(operation);
        if (operation.Id == "RemoveDependency" && _pool.Edge(_random) is { } edge) path = edge;
        var held = _pool.Held(_random);
        if (operation.Id == "TakeBackTask" && held is { } given) path = operation.Path.Replace("{id}", given.Task, StringComparison.Ordinal);
        var lease = path.Split('/').Select(_pool.LeaseOf).FirstOrDefault(l => l is not null) ?? (operation.Id == "SpawnSpecialist" ? held?.Lease : null);
        var target = path.Split('/').Skip(3).FirstOrDefault() ?? "";
        return new FuzzRequest(operation, path)
        {
            Caller = "owner",
            Headers = lease is null ? [] : [(Wire.LeaseHeader, lease)],
            Body = body is null ? null : Encoding.UTF8.GetBytes(Fill(body, target)),
        }.About(held);
    }

    private string Fill(string body, string target)
    {
        body = body.Replace("$hash", _pool.HashOf(target) ?? "none", StringComparison.Ordinal).Replace("$tool", target.Length > 0 ? Plain(target) : "count-$n", StringComparison.Ordinal);
        foreach (var (place, about) in ((string, string)[])[("$project", "projects"), ("$task", "tasks"), ("$agent", "agents"), ("$lease", "lease"), ("$code", "code")])
            while (body.IndexOf(place, StringComparison.Ordinal) is >= 0 and var at)
                body = body[..at] + Plain(_pool.Any(about, _random) ?? "none") + body[(at + place.Length)..];
        return body.Replace("$n", $"{_random.Next(1000)}", StringComparison.Ordinal);
    }

    // Titles and names may be hostile by now; here they would only break the quotes.
    private static string Plain(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') ? text : "none";
}
