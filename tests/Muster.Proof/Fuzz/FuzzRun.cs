using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.Client;
using Muster.Contracts;
using Muster.Contracts.Fleet;
using Muster.Contracts.Security;
using Muster.Contracts.Work;
using Muster.Proof.Chaos;
using Muster.Proof.Checking;

namespace Muster.Proof.Fuzz;

/// <summary>Asks a running plane everything that its own document describes, rightly and wrongly, and looks at each answer.</summary>
internal sealed class FuzzRun(FuzzOptions options, Action<string> tell)
{
    /// <summary>Different breaches after which a run has shown enough.</summary>
    private const int Enough = 25;

    private readonly Pool _pool = new();
    private readonly Dictionary<string, string> _secrets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _byStatus = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Breach> _breaches = new(StringComparer.Ordinal);
    private HttpClient _http = null!;
    private Uri _server = null!;

    public async Task<FuzzResult> RunAsync(CancellationToken ct)
    {
        var begun = Stopwatch.GetTimestamp();
        Directory.CreateDirectory(options.Folder);
        await using var plane = new PlaneProcess(options.Folder, new ChaosOptions { Seed = options.Seed, Folder = options.Folder });
        await plane.StartAsync();
        _server = plane.Address;
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(20) };
        _http = http;
        var document = new ApiDocument(JsonNode.Parse(await http.GetStringAsync(new Uri(_server, "/openapi/v1.json"), ct))!);
        await PrepareAsync(plane);
        var judge = new Judge(document, _secrets, new Dictionary<string, string>(StringComparer.Ordinal) { ["agent"] = "fuzz-agent", ["other"] = "fuzz-other" });
        var maker = new RequestMaker(document, new Random(options.Seed), _pool);
        using var watch = new ChangeWatch(plane.Data);
        var told = Stopwatch.GetTimestamp();
        var sent = 0;
        var operations = new HashSet<string>(StringComparer.Ordinal);
        var taken = new HashSet<string>(StringComparer.Ordinal);
        for (; sent < options.Requests && _breaches.Count < Enough; sent++)
        {
            var request = maker.Make();
            operations.Add(request.Operation.Id);
            watch.HasChanged();
            var answer = await SendAsync(request, ct);
            Count(answer);
            var breach = judge.Look(request, answer) ?? await UnchangedAsync(request, answer, watch, ct);
            if (breach is not null) await ReportAsync(request, breach, judge, ct);
            if (answer.Status < 300)
            {
                maker.Learn(request);
                taken.Add(request.Operation.Id);
            }

            if (breach is null && answer.Status < 300 && answer.ContentType == "application/json") _pool.Learn(request.Operation.Path.Split('/') is { Length: > 2 } words ? words[2] : "", JsonNode.Parse(answer.Text));
            if (plane.Process.HasEnded) throw new InvalidOperationException($"The plane ended with exit code {plane.Process.ExitCode} after: {request.Curl(_server)}");
            if (Stopwatch.GetElapsedTime(told) < TimeSpan.FromSeconds(5)) continue;
            told = Stopwatch.GetTimestamp();
            tell($"{sent} requests, {_breaches.Count} breaches");
        }

        var code = await plane.Process.StopAsync(TimeSpan.FromSeconds(20));
        if (code != 0) _breaches["end"] = new Breach(Rules.Stuck, $"the plane did not end by itself when told to: exit code {code}");
        return new FuzzResult
        {
            Seed = options.Seed,
            Requests = sent,
            Operations = operations.Count,
            NeverTaken = [.. operations.Except(taken, StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            ByStatus = new SortedDictionary<string, int>(_byStatus, StringComparer.Ordinal),
            Seconds = Math.Round(Stopwatch.GetElapsedTime(begun).TotalSeconds, 1),
            Breaches = [.. _breaches.Values],
        };
    }

    /// <summary>A token of each scope, and enough to work with.</summary>
    private async Task PrepareAsync(PlaneProcess plane)
    {
        using var owner = new MusterClient(new MusterClientOptions { Server = plane.Address, Token = plane.Token });
        foreach (var token in await owner.ListTokensAsync()) _pool.Spared.Add(token.Id);
        foreach (var scope in (string[])[Scopes.Owner, Scopes.Maintainer, Scopes.Viewer, Scopes.Host, "revoked"])
        {
            var made = await owner.CreateTokenAsync(new CreateToken { Name = "fuzz-" + scope, Scope = scope == "revoked" ? Scopes.Owner : scope });
            _pool.Spared.Add(made.Token.Id);
            _secrets[scope] = made.Secret;
            if (scope == "revoked") await owner.RevokeTokenAsync(made.Token.Id);
        }

        foreach (var (caller, name) in ((string, string)[])[("agent", "fuzz-agent"), ("other", "fuzz-other")])
        {
            var agent = await owner.CreateAgentAsync(new CreateAgent { Name = name });
            var token = await owner.CreateAgentTokenAsync(agent.Id);
            foreach (var spared in (string[])[agent.Id, name, token.Token.Id]) _pool.Spared.Add(spared);
            _secrets[caller] = token.Secret;
        }

        foreach (var scope in (string[])[Scopes.Owner, Scopes.Viewer, Scopes.Agent, Scopes.Host]) _pool.Add("scopes", scope);
        foreach (var kind in (string[])["research", "commit", "test", "build"]) _pool.Add("kinds", kind);
        foreach (var executor in (string[])["command", "rehearsal", "program"]) _pool.Add("executors", executor);
        foreach (var name in (string[])["ann", "bob"]) _pool.Add("agents", (await owner.CreateAgentAsync(new CreateAgent { Name = name, Capacity = 100 })).Name);
        foreach (var key in (string[])["ONE", "TWO"])
        {
            await owner.CreateProjectAsync(new CreateProject { Name = key, Key = key, Contract = "" });
            for (var i = 0; i < 5; i++) _pool.Add("tasks", (await owner.CreateTaskAsync(new CreateTask { Project = key, Title = $"task {i}" })).Key);
            _pool.Add("projects", key);
        }

        // In the pool after what is spared was noted, so that bodies name it and paths do not.
        _pool.Spared.Remove("fuzz-agent");
        _pool.Add("self", "fuzz-agent");
        _pool.Spared.Add("fuzz-agent");
    }

    private async Task<FuzzAnswer> SendAsync(FuzzRequest request, CancellationToken ct)
    {
        using var message = new HttpRequestMessage(new HttpMethod(request.Operation.Method),
            new Uri(_server.GetLeftPart(UriPartial.Authority) + request.Url, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        var token = request.Caller switch { "none" => null, "junk" => "mst_junk", _ => _secrets[request.Caller] };
        if (token is not null) message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        foreach (var (name, value) in request.Headers) message.Headers.TryAddWithoutValidation(name, value);
        if (request.Body is not null)
        {
            message.Content = new ByteArrayContent(request.Body);
            message.Content.Headers.TryAddWithoutValidation("Content-Type", request.ContentType);
        }

        using var response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, ct);
        var type = response.Content.Headers.ContentType?.MediaType;
        var text = type == "text/event-stream" ? "" : await response.Content.ReadAsStringAsync(ct);
        return new FuzzAnswer((int)response.StatusCode, type, text);
    }

    /// <summary>What was refused, and what only asks, changes nothing. The plane may have done something of its own meanwhile, so it is asked again.</summary>
    private async Task<Breach?> UnchangedAsync(FuzzRequest request, FuzzAnswer answer, ChangeWatch watch, CancellationToken ct)
    {
        if (answer.Status < 400 && request.Operation.Method != "GET" || !watch.HasChanged()) return null;
        for (var again = 0; again < 6; again++)
        {
            // What was asked for before this is still being reviewed, thought about, swept: it is let come to rest.
            var before = watch.Content();
            for (var looks = 0; looks < 100; looks++)
            {
                await Task.Delay(20, ct);
                var now = watch.Content();
                if (now == before) break;
                before = now;
            }

            var repeated = await SendAsync(request, ct);
            if (repeated.Status != answer.Status || watch.Content() == before) return null;
        }

        return Judge.Make("changed", request, answer, "it changed the store each time it was sent");
    }

    private async Task ReportAsync(FuzzRequest request, Breach breach, Judge judge, CancellationToken ct)
    {
        // The same fault of the same operation is shown once.
        var name = $"{breach.Rule} {request.Operation.Id}";
        if (_breaches.ContainsKey(name)) return;
        var tries = 0;
        for (var smaller = true; smaller && tries < 150;)
        {
            smaller = false;
            foreach (var candidate in Shrinker.Smaller(request).TakeWhile(_ => tries++ < 150))
            {
                if (judge.Look(candidate, await SendAsync(candidate, ct)) is not { } still || still.Rule != breach.Rule) continue;
                (request, breach, smaller) = (candidate, still, true);
                break;
            }
        }

        _breaches[name] = breach with { Text = $"{breach.Text}\n    {request.Curl(_server)}" };
        tell($"BROKEN {breach.Rule}: {_breaches[name].Text}");
    }

    private void Count(FuzzAnswer answer)
    {
        var name = answer.Status < 300 ? $"{answer.Status}" : $"{answer.Status} {answer.Code}".TrimEnd();
        _byStatus[name] = _byStatus.GetValueOrDefault(name) + 1;
    }
}

public sealed record FuzzOptions
{
    public required int Seed { get; init; }
    public required string Folder { get; init; }
    public int Requests { get; init; } = 2000;
}

public sealed record FuzzResult
{
    public required int Seed { get; init; }
    public required int Requests { get; init; }

    /// <summary>Of the document, that were asked at least once.</summary>
    public required int Operations { get; init; }

    /// <summary>Of those, the ones that were refused each time: what lies behind their checks was not tried.</summary>
    public required IReadOnlyList<string> NeverTaken { get; init; }
    public required IReadOnlyDictionary<string, int> ByStatus { get; init; }
    public required double Seconds { get; init; }
    public required IReadOnlyList<Breach> Breaches { get; init; }
}
