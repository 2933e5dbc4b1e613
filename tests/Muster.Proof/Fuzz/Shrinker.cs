using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Muster.Proof.Fuzz;

/// <summary>Smaller requests that may show the same; whoever asks tries them in turn.</summary>
internal static class Shrinker
{
    public static IEnumerable<FuzzRequest> Smaller(FuzzRequest request)
    {
        for (var i = 0; i < request.Headers.Count; i++) yield return request with { Headers = [.. request.Headers.Where((_, n) => n != i)] };
        for (var i = 0; i < request.Query.Count; i++) yield return request with { Query = [.. request.Query.Where((_, n) => n != i)] };
        if (request.Body is null) yield break;
        if (Parse(request.Body) is not { } body)
        {
            if (request.Body.Length > 1) yield return request with { Body = request.Body[..(request.Body.Length / 2)] };
            yield break;
        }

        foreach (var smaller in Smaller(body)) yield return request with { Body = Encoding.UTF8.GetBytes(smaller.ToJsonString()) };
    }

    private static IEnumerable<JsonNode> Smaller(JsonNode node)
    {
        if (node is JsonObject members)
        {
            foreach (var name in members.Select(m => m.Key).ToList())
            {
                var without = members.DeepClone().AsObject();
                without.Remove(name);
                yield return without;
                if (members[name] is not { } member) continue;
                foreach (var smaller in Smaller(member))
                {
                    var with = members.DeepClone().AsObject();
                    with[name] = smaller;
                    yield return with;
                }
            }
        }
        else if (node is JsonArray items)
        {
            for (var i = 0; i < items.Count; i++)
            {
                var without = items.DeepClone().AsArray();
                without.RemoveAt(i);
                yield return without;
            }
        }
        else if (node.GetValueKind() == JsonValueKind.String && node.GetValue<string>() is { Length: > 1 } text)
        {
            yield return JsonValue.Create(text[..(text.Length / 2)]);
        }
    }

    /// <summary>Null where it is no JSON, or holds half a character of two, in a name or in a text: that is cut as bytes.</summary>
    public static JsonNode? Parse(byte[] body)
    {
        try
        {
            var node = JsonNode.Parse(body);
            // Names and texts are read when they are asked for, not when the whole is.
            if (node is not null) _ = Smaller(node).Count();
            return node;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }
}
