using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Muster.Runner.Builtin.Chat;

/// <summary>Puts an answer together from the pieces of a stream. Refuses what no honest model sends: too many calls, or too long ones.</summary>
internal sealed class ChatAnswer
{
    private const int MaxCalls = 64;
    private const int MaxArguments = 1024 * 1024;

    private readonly SortedDictionary<int, Call> _calls = [];

    /// <summary>Whether the model has said that it is at the end.</summary>
    public bool Finished { get; private set; }

    /// <summary>What a piece adds: text at once; calls when they are complete, by <see cref="Calls"/>.</summary>
    public IEnumerable<ChatResponseUpdate> Add(JsonElement chunk)
    {
        if (chunk.ValueKind != JsonValueKind.Object) throw Garbage("a piece of it is no object");
        if (chunk.TryGetProperty("error", out var error) && error.ValueKind != JsonValueKind.Null) throw ChatProblem.FromStream(error);
        var model = Text(chunk, "model");
        foreach (var choice in Items(chunk, "choices").Take(1))
        {
            var part = choice.TryGetProperty("delta", out var delta) ? delta : choice.TryGetProperty("message", out var message) ? message : default;
            foreach (var content in Contents(part)) yield return new ChatResponseUpdate(ChatRole.Assistant, [content]) { ModelId = model };
            foreach (var call in Items(part, "tool_calls")) Add(call, _calls.Count);
            if (Text(choice, "finish_reason") is not { } reason) continue;
            Finished = true;
            yield return new ChatResponseUpdate(ChatRole.Assistant, []) { FinishReason = new ChatFinishReason(reason), ModelId = model };
        }

        if (chunk.TryGetProperty("usage", out var usage) && usage.ValueKind == JsonValueKind.Object)
            yield return new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(Usage(usage))]) { ModelId = model };
    }

    /// <summary>The calls, with <see cref="FunctionCallContent.Exception"/> where the arguments are not an object of JSON.</summary>
    public IEnumerable<FunctionCallContent> Calls()
    {
        foreach (var (index, call) in _calls)
        {
            var id = call.Id.Length > 0 ? call.Id : $"call_{Guid.CreateVersion7():n}_{index}";
            var text = call.Arguments.ToString();
            Dictionary<string, object?>? arguments = null;
            JsonException? wrong = null;
            try
            {
                arguments = string.IsNullOrWhiteSpace(text) ? [] : JsonSerializer.Deserialize<Dictionary<string, object?>>(text) ?? throw new JsonException("null is no object");
                foreach (var value in arguments.Values.OfType<JsonElement>()) RequireText(value);
            }
            catch (JsonException error)
            {
                (arguments, wrong) = (null, error);
            }

            yield return new FunctionCallContent(id, call.Name.ToString(), arguments) { Exception = wrong, RawRepresentation = text };
        }
    }

    // Half of a pair in an escape is found only by whoever asks for the text.
    private static void RequireText(JsonElement value)
    {
        try
        {
            if (value.ValueKind == JsonValueKind.String) value.GetString();
            else if (value.ValueKind == JsonValueKind.Array) foreach (var item in value.EnumerateArray()) RequireText(item);
            else if (value.ValueKind == JsonValueKind.Object)
                foreach (var property in value.EnumerateObject())
                {
                    _ = property.Name;
                    RequireText(property.Value);
                }
        }
        catch (InvalidOperationException error)
        {
            throw new JsonException("a text in them is not Unicode.", error);
        }
    }

    private static IEnumerable<AIContent> Contents(JsonElement part)
    {
        if (Text(part, "content") is { Length: > 0 } text) yield return new TextContent(text);
        if ((Text(part, "reasoning") ?? Text(part, "reasoning_content")) is { Length: > 0 } thought) yield return new TextReasoningContent(thought);
    }

    private void Add(JsonElement piece, int next)
    {
        var index = piece.TryGetProperty("index", out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out var given) ? given : next;
        if (!_calls.TryGetValue(index, out var call))
        {
            if (_calls.Count >= MaxCalls) throw Garbage($"it holds more than {MaxCalls} calls");
            _calls[index] = call = new Call();
        }

        if (Text(piece, "id") is { Length: > 0 and <= 200 } id) call.Id = id;
        if (!piece.TryGetProperty("function", out var function)) return;
        call.Name.Append(Text(function, "name"));
        call.Arguments.Append(Text(function, "arguments"));
        if (call.Arguments.Length > MaxArguments || call.Name.Length > 200) throw Garbage("a call in it is too long");
    }

    private static UsageDetails Usage(JsonElement usage)
    {
        var (input, output) = (Number(usage, "prompt_tokens"), Number(usage, "completion_tokens"));
        var cached = usage.TryGetProperty("prompt_tokens_details", out var details) ? Number(details, "cached_tokens") : null;
        return new UsageDetails { InputTokenCount = input, OutputTokenCount = output, TotalTokenCount = input + output, CachedInputTokenCount = cached };
    }

    private static long? Number(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null;

    private static string? Text(JsonElement element, string name)
    {
        try
        {
            return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            throw Garbage("a text in it is not Unicode");
        }
    }

    private static IEnumerable<JsonElement> Items(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object)
            : [];

    private static GatewayException Garbage(string what) => new(GatewayFailure.Broken, $"the answer cannot be read: {what}");

    private sealed class Call
    {
        public string Id { get; set; } = "";
        public StringBuilder Name { get; } = new();
        public StringBuilder Arguments { get; } = new();
    }
}
