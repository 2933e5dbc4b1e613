using System.Text.Json;

namespace Muster.EndToEnd.Tests.Demo;

/// <summary>One line of a recording, as far as a person who reads it would care.</summary>
/// <param name="Place">Task, round and turn.</param>
/// <param name="Said">Its words and its calls.</param>
internal sealed record RecordedAnswer(string Place, string Said)
{
    public static string At(string issue, int round, int turn) => $"{issue} round {round} turn {turn}";

    public static IReadOnlyList<RecordedAnswer> Read(string file) => [.. File.ReadLines(file).Select(line =>
    {
        var call = JsonDocument.Parse(line).RootElement;
        var place = call.GetProperty("place");
        var stream = string.Concat(call.GetProperty("pieces").EnumerateArray().Select(piece => piece.GetProperty("text").GetString()));
        return new RecordedAnswer(At(place.GetProperty("issue").GetString()!, place.GetProperty("round").GetInt32(), call.GetProperty("turn").GetInt32()), Heard(stream));
    })];

    public static string Say(string text, IEnumerable<(string Tool, string Arguments)> calls) => text + string.Concat(calls.Select(call => $"\n{call.Tool} {call.Arguments}"));

    private static string Heard(string stream)
    {
        var text = "";
        List<(string Tool, string Arguments)> calls = [];
        foreach (var data in stream.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(line => JsonDocument.Parse(line[6..]).RootElement))
        {
            foreach (var delta in data.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("delta")))
            {
                if (delta.TryGetProperty("content", out var content)) text += content.GetString();
                if (!delta.TryGetProperty("tool_calls", out var pieces)) continue;
                foreach (var function in pieces.EnumerateArray().Select(piece => piece.GetProperty("function")))
                {
                    if (function.TryGetProperty("name", out var name)) calls.Add((name.GetString()!, ""));
                    if (function.TryGetProperty("arguments", out var more)) calls[^1] = (calls[^1].Tool, calls[^1].Arguments + more.GetString());
                }
            }
        }

        return Say(text, calls);
    }
}
