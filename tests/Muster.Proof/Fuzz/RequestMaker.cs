using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.Contracts;

namespace Muster.Proof.Fuzz;

/// <summary>Makes requests from the document: mostly nearly right, because those get the furthest in.</summary>
internal sealed class RequestMaker
{
    private static readonly string[] Callers = ["owner", "owner", "owner", "owner", "maintainer", "viewer", "host", "agent", "agent", "other", "none", "junk", "revoked"];

    private readonly ApiDocument _document;
    private readonly Random _random;
    private readonly Pool _pool;
    private readonly ValueMaker _values;
    private readonly Accepted _accepted;
    private readonly Honest _honest;
    private readonly IReadOnlyList<Operation> _operations;

    public RequestMaker(ApiDocument document, Random random, Pool pool)
    {
        (_document, _random, _pool) = (document, random, pool);
        _values = new ValueMaker(document, random, pool);
        _accepted = new Accepted(random, _values, pool);
        _honest = new Honest(document, random, pool);
        _operations = [.. document.Operations.Where(o => o.Path != Routes.WebSocket)];
    }

    /// <summary>Tells of a request that was taken.</summary>
    public void Learn(FuzzRequest request)
    {
        _accepted.Learn(request);
        if (request.Operation.Id == "AddDependency" && request.Body is { } body && Shrinker.Parse(body)?["on"]?.GetValue<string>() is { } on) _pool.AddEdge($"{request.Path}/{FuzzRequest.Escape(on)}");
    }

    public FuzzRequest Make() => _random.Next(6) switch
    {
        0 => _honest.Make(FillPath),
        < 4 when _accepted.Changed() is { } changed => changed,
        _ => MakeUp(),
    };

    private FuzzRequest MakeUp()
    {
        var operation = _operations[_random.Next(_operations.Count)];
        // What deletes would soon have nothing left to delete.
        if (operation.Method == "DELETE" && _random.Next(4) > 0) operation = _operations[_random.Next(_operations.Count)];
        var path = FillPath(operation);
        return new FuzzRequest(operation, path)
        {
            Caller = Callers[_random.Next(Callers.Length)],
            Query = [.. operation.Parameters.Where(p => p.In == "query" && _random.Next(3) == 0 || _random.Next(40) == 0).Select(p => (p.Name, Query(p.Name, p.Schema)))],
            Headers = [.. Headers(path)],
            Body = Body(operation),
            ContentType = _random.Next(50) == 0 ? new[] { "text/plain", "application/xml", "application/json; charset=utf-16", "multipart/form-data" }[_random.Next(4)] : "application/json",
        };
    }

    private string FillPath(Operation operation)
    {
        var path = new StringBuilder();
        foreach (var part in operation.Path.Split('/').Skip(1))
        {
            path.Append('/');
            if (!part.StartsWith('{')) path.Append(part);
            else path.Append(FuzzRequest.Escape(Target(operation, part.Trim('{', '}'))));
        }

        return path.ToString();
    }

    private string Target(Operation operation, string name)
    {
        var about = name is "id" or "name" ? operation.Path.Split('/')[2] : name;
        if (name is "number" or "version" && _random.Next(3) > 0) return $"{_random.Next(1, 4)}";
        if (operation.Path.StartsWith("/api/git/merge-queue", StringComparison.Ordinal)) about = "queue";
        var text = _random.Next(10) < 8 && _pool.Any(about, _random) is { } known ? known : _values.Text(about);
        // An empty or dotted segment is another path, which is another operation's to answer.
        return text.Length == 0 || text is "." or ".." || _pool.Spared.Contains(text) ? "nobody" : text.Length > 2000 ? text[..2000] : text;
    }

    private string Query(string name, JsonNode schema) =>
        SchemaCheck.Types(_document.Resolve(schema)).Any(t => t is "integer" or "number") ? _values.NumberText() : _values.Text(name) is { Length: <= 3000 } text ? text : "long";

    private IEnumerable<(string, string)> Headers(string path)
    {
        if (_random.Next(3) > 0 && path.Split('/').Select(_pool.LeaseOf).FirstOrDefault(l => l is not null) is { } right) yield return (Wire.LeaseHeader, right);
        else if (_random.Next(3) == 0) yield return (Wire.LeaseHeader, _pool.Any("lease", _random) ?? "mls_x");
        else if (_random.Next(20) == 0) yield return (Wire.LeaseHeader, Plain(_values.Text("lease")));
        if (_random.Next(6) == 0) yield return (Wire.IdempotencyHeader, $"k{_random.Next(50)}");
        else if (_random.Next(40) == 0) yield return (Wire.IdempotencyHeader, new string('k', _random.Next(1, 400)));
    }

    // What the client's own library will put into a header.
    private static string Plain(string text) => new([.. text.Where(c => c is >= ' ' and < (char)127).Take(2000)]);

    private byte[]? Body(Operation operation)
    {
        if (operation.TakesBytes) return Encoding.UTF8.GetBytes(_values.Text("content"));
        if (operation.Body is not { } schema) return _random.Next(30) == 0 ? "{}"u8.ToArray() : null;
        if (_random.Next(60) == 0) return null;
        var text = _values.Make(schema, "body")?.ToJsonString(Loose) ?? "null";
        return _random.Next(40) switch
        {
            0 => Encoding.UTF8.GetBytes(text[.._random.Next(text.Length + 1)]),
            1 => [.. Encoding.UTF8.GetBytes(text[..(text.Length / 2)]), 0xff, 0xfe, .. Encoding.UTF8.GetBytes(text[(text.Length / 2)..])],
            2 => Encoding.UTF8.GetBytes(text + text),
            3 => Encoding.UTF8.GetBytes(new string('[', _random.Next(1, 5000))),
            4 => [0xef, 0xbb, 0xbf, .. Encoding.UTF8.GetBytes(text)],
            5 => Encoding.UTF8.GetBytes(text.Replace("\":", "\":\"\\ud800\",\"again\":", StringComparison.Ordinal)),
            _ => Encoding.UTF8.GetBytes(text),
        };
    }

    private static readonly JsonSerializerOptions Loose = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
