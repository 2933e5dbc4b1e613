using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Muster.ControlPlane.Models.Calling;
using Muster.ControlPlane.Models.Protocols;

namespace Muster.Conformance.Models.Protocols;

/// <summary>What one protocol says, another says too (B7).</summary>
[Trait("req", "B7")]
public sealed class RoundTripTests
{
    private static readonly ModelProtocol[] All = Enum.GetValues<ModelProtocol>();
    private static readonly JsonElement Schema = JsonDocument.Parse("""{"type":"object","properties":{"path":{"type":"string"}}}""").RootElement;

    [Fact]
    public void A_request_is_the_same_after_each_protocol() => Check.One(Quiet(300), Prop.ForAll(Requests().ToArbitrary(), request =>
    {
        foreach (var protocol in All)
        {
            var dialect = Dialects.Of(protocol);
            var back = dialect.Read(Element(dialect.Write(request)));
            Assert.Equal(Shape(Merged(request)), Shape(back));
            Assert.Equal((request.Model, request.Stream, request.MaxTokens), (back.Model, back.Stream, back.MaxTokens));
            Assert.Equal(request.Tools.Select(t => (t.Name, t.Description)), back.Tools.Select(t => (t.Name, t.Description)));
            Assert.Equal(string.Join("\n\n", request.System), string.Join("\n\n", back.System));
            if (request.Tools.Count > 0 && request.Choice is not null) Assert.Equal(request.Choice, back.Choice);
            Assert.Equal(request.Format?.Schema?.GetRawText(), back.Format?.Schema?.GetRawText());
        }
    }));

    [Fact]
    public void An_answer_is_the_same_after_each_protocol_streamed_or_whole() => Check.One(Quiet(300), Prop.ForAll(Answers().ToArbitrary(), answer =>
    {
        foreach (var protocol in All)
        {
            var dialect = Dialects.Of(protocol);
            var asked = new NeutralRequest { Model = "m", StreamUsage = true, Turns = [] };
            var expected = WholeAnswer.Of(answer);
            Same(expected, WholeAnswer.Of(dialect.ReadWhole(Element(dialect.WriteWhole(expected, asked)))));
            Same(expected, Streamed(dialect, asked, answer, int.MaxValue));
        }
    }));

    [Fact]
    public void A_stream_says_the_same_wherever_it_is_cut_into_pieces()
    {
        foreach (var protocol in All)
        {
            var dialect = Dialects.Of(protocol);
            var answer = Sample();
            var writer = dialect.NewWriter("m", new NeutralRequest { Model = "m", StreamUsage = true, Turns = [] });
            byte[] bytes = [.. answer.SelectMany(writer.Write)];
            for (var size = 1; size <= 64; size++) Same(WholeAnswer.Of(answer), Read(dialect, bytes, size));
        }
    }

    [Fact]
    public void A_stream_that_ends_anywhere_before_its_end_is_never_taken_for_whole()
    {
        foreach (var protocol in All)
        {
            var dialect = Dialects.Of(protocol);
            var writer = dialect.NewWriter("m", new NeutralRequest { Model = "m", Turns = [] });
            byte[] bytes = [.. Sample().SelectMany(writer.Write)];
            for (var length = 0; length < bytes.Length; length++)
            {
                List<StreamEvent> events = [];
                List<AnswerEvent> said = [];
                new EventStream().Feed(bytes.AsSpan(0, length), events);
                var reader = dialect.NewReader();
                foreach (var happened in events) reader.Read(happened, said);
                Assert.DoesNotContain(said, s => s is AnswerEnded);
            }
        }
    }

    [Fact]
    public void Calls_that_come_interleaved_are_told_one_after_the_other()
    {
        AnswerEvent[] mixed =
        [
            new AnswerBegun("i", "m"), new TextPiece("a"), new CallBegun(0, "c0", "x"), new CallBegun(1, "c1", "y"), new CallArguments(1, "{\"b\""), new CallArguments(0, "{\"a\""),
            new CallArguments(1, ":2}"), new CallArguments(0, ":1}"), new CallEnded(1), new CallEnded(0), new AnswerStopped(StopReason.ToolCalls), new AnswerEnded(),
        ];
        foreach (var protocol in All)
        {
            var heard = Streamed(Dialects.Of(protocol), new NeutralRequest { Model = "m", Turns = [] }, mixed, 7);
            Assert.Equal([("c0", "x", "{\"a\":1}"), ("c1", "y", "{\"b\":2}")], heard.Calls.Select(c => (c.Id, c.Name, c.Arguments)));
        }
    }

    [Fact]
    public void Nothing_that_a_provider_sends_makes_a_reader_fall() => Check.One(Quiet(2000), Prop.ForAll(Wild().ToArbitrary(), json =>
    {
        foreach (var protocol in All)
        {
            var dialect = Dialects.Of(protocol);
            Harmless(() => dialect.ReadWhole(Element(json)));
            Harmless(() =>
            {
                var reader = dialect.NewReader();
                var bytes = Encoding.UTF8.GetBytes(json.ToJsonString());
                for (var i = 0; i < 2; i++) reader.Read(new StreamEvent(null, bytes, bytes), []);
                return 0;
            });
            Harmless(() => dialect.Read(Element(json)));
            Harmless(() => dialect.Prepare(json, "m", 10));
            _ = dialect.Look(json);
        }
    }));

    [Fact]
    public void A_line_without_end_is_refused_and_not_kept()
    {
        var stream = new EventStream(limit: 1000);
        Assert.Throws<ProtocolException>(() =>
        {
            for (var i = 0; i < 20; i++) stream.Feed(new byte[100], []);
        });
    }

    [Fact]
    public void Freeform_tools_and_groups_of_codex_come_back_in_the_form_they_were_declared_in()
    {
        var body = JsonNode.Parse("""
            {"model":"m","stream":true,"input":"go","tools":[
              {"type":"custom","name":"apply_patch","description":"Patches.","format":{"type":"grammar","syntax":"lark","definition":"start: x"}},
              {"type":"namespace","name":"mcp__wiki","description":"","tools":[{"type":"function","name":"find","parameters":{"type":"object"}}]},
              {"type":"web_search"}]}
            """)!.AsObject();
        var dialect = Dialects.Of(ModelProtocol.OpenAiResponses);
        var request = dialect.Read(Element(body));
        Assert.Equal(["apply_patch", "mcp__wiki__find"], request.Tools.Select(t => t.Name));
        Assert.Contains("start: x", request.Tools[0].Description, StringComparison.Ordinal);
        var writer = dialect.NewWriter("m", request);
        AnswerEvent[] answer =
        [
            new AnswerBegun("i", "m"), new CallBegun(0, "c0", "apply_patch"), new CallArguments(0, "{\"input\":\"*** Begin"), new CallArguments(0, " Patch\\n\"}"), new CallEnded(0),
            new CallBegun(1, "c1", "mcp__wiki__find"), new CallArguments(1, "{}"), new CallEnded(1), new AnswerStopped(StopReason.ToolCalls), new AnswerEnded(),
        ];
        var text = Encoding.UTF8.GetString([.. answer.SelectMany(writer.Write)]);
        var completed = JsonNode.Parse(text.Split("data: ")[^1])!["response"]!["output"]!.AsArray();
        Assert.Equal("custom_tool_call", completed[0]!["type"]!.GetValue<string>());
        Assert.Equal("*** Begin Patch\n", completed[0]!["input"]!.GetValue<string>());
        Assert.Equal(("find", "mcp__wiki"), (completed[1]!["name"]!.GetValue<string>(), completed[1]!["namespace"]!.GetValue<string>()));
    }

    private static AnswerEvent[] Sample() =>
    [
        new AnswerBegun("id1", "served"), new ThoughtPiece("hm "), new ThoughtPiece("ja"), new TextPiece("Grüße "), new TextPiece("😀\n\ndata: x"), new CallBegun(0, "c0", "read"), new CallArguments(0, "{\"a\":"),
        new CallArguments(0, "1}"), new CallEnded(0), new UsageSeen(new TokenCounts(10, 5, 3)), new AnswerStopped(StopReason.ToolCalls), new AnswerEnded(),
    ];

    private static WholeAnswer Streamed(IDialect dialect, NeutralRequest asked, IEnumerable<AnswerEvent> answer, int size)
    {
        var writer = dialect.NewWriter("m", asked);
        return Read(dialect, [.. answer.SelectMany(writer.Write)], size);
    }

    private static WholeAnswer Read(IDialect dialect, byte[] bytes, int size)
    {
        var incoming = new EventStream();
        var reader = dialect.NewReader();
        List<AnswerEvent> said = [];
        foreach (var piece in bytes.Chunk(Math.Min(size, bytes.Length)))
        {
            List<StreamEvent> events = [];
            incoming.Feed(piece, events);
            foreach (var happened in events) reader.Read(happened, said);
        }

        Assert.Null(incoming.Rest());
        Assert.IsType<AnswerEnded>(said[^1]);
        return WholeAnswer.Of(said);
    }

    private static void Same(WholeAnswer expected, WholeAnswer actual)
    {
        Assert.Equal(expected.Text, actual.Text);
        Assert.Equal(expected.Thought, actual.Thought);
        Assert.Equal(expected.Calls.Select(c => (c.Id, c.Name, Canonical(c.Arguments))), actual.Calls.Select(c => (c.Id, c.Name, Canonical(c.Arguments))));
        Assert.Equal(expected.Tokens?.Out, actual.Tokens?.Out);
        Assert.Equal(expected.Tokens?.Total, actual.Tokens?.Total);
        Assert.Equal(expected.Stop, actual.Stop);
    }

    private static string Canonical(string json) => JsonNode.Parse(json)!.ToJsonString();

    private static void Harmless<T>(Func<T> act)
    {
        try
        {
            act();
        }
        catch (ProtocolException wrong)
        {
            Assert.NotEmpty(wrong.Message);
        }
    }

    private static JsonElement Element(JsonNode node) => JsonDocument.Parse(node.ToJsonString()).RootElement;

    private static NeutralRequest Merged(NeutralRequest request) => request with
    {
        Turns = [.. request.Turns.Select(t => t with { Parts = [.. t.Parts.OrderBy(p => p is not ResultPart).ThenBy(p => p is CallPart)] })],
    };

    private static string Shape(NeutralRequest request) => string.Join('\n', request.Turns.Select(t => $"{t.Role}: " + string.Join(" | ", t.Parts.Select(p => p switch
    {
        TextPart text => $"text {text.Text}",
        CallPart call => $"call {call.Id} {call.Name} {Canonical(call.Arguments)}",
        ResultPart result => $"result {result.CallId} {result.Text}",
        ImagePart image => $"image {image.Address}",
        _ => "?",
    }))));

    private static Config Quiet(int tests) => Config.QuickThrowOnFailure.WithMaxTest(tests).WithQuietOnSuccess(true);

    private static Gen<string> Text() => Gen.Elements("a", "ü", "😀", "data: x\n\n", "\"", "\\", "line\nline", "{}", "</s>", "[DONE]").NonEmptyListOf().Select(p => string.Concat(p.Take(6)));

    private static Gen<NeutralRequest> Requests() =>
        from system in Text().ListOf(1)
        from rounds in Rounds().ListOf(2)
        from last in Text()
        from image in Gen.Elements(true, false)
        from stream in Gen.Elements(true, false)
        from max in Gen.Choose(1, 9000)
        from tools in Gen.Elements(0, 1, 2)
        from choice in Gen.Elements<ToolChoice?>(null, new ToolChoice(ToolUse.Auto), new ToolChoice(ToolUse.Required), new ToolChoice(ToolUse.Named, "tool0"), new ToolChoice(ToolUse.None))
        from format in Gen.Elements<AnswerFormat?>(null, new AnswerFormat(Schema, "answer"))
        select new NeutralRequest
        {
            Model = "m/1",
            Stream = stream,
            MaxTokens = max,
            System = [.. system],
            Turns = [.. rounds.SelectMany((r, i) => Numbered(r, i)), new Turn(TurnRole.User, image ? [new TextPart(last), new ImagePart("image/png", "iVBORw0KGgo=", null)] : [new TextPart(last)])],
            Tools = [.. Enumerable.Range(0, tools).Select(i => new ToolForm($"tool{i}", $"does {i}", Schema))],
            Choice = choice,
            Format = format,
        };

    private static Gen<(string Asked, string Said, int Calls, string Result)> Rounds() =>
        from asked in Text()
        from said in Text()
        from calls in Gen.Choose(1, 3)
        from result in Text()
        select (asked, said, calls, result);

    // A user asks, the model says something and calls, the results come, and the model says something again.
    private static IEnumerable<Turn> Numbered((string Asked, string Said, int Calls, string Result) round, int number)
    {
        var ids = Enumerable.Range(0, round.Calls).Select(i => $"call_{number}_{i}").ToList();
        yield return new Turn(TurnRole.User, [new TextPart(round.Asked)]);
        yield return new Turn(TurnRole.Assistant, [new TextPart(round.Said), .. ids.Select(id => new CallPart(id, "tool0", """{"path":"ä b"}"""))]);
        yield return new Turn(TurnRole.User, [.. ids.Select(id => new ResultPart(id, [new TextPart(round.Result)]))]);
        yield return new Turn(TurnRole.Assistant, [new TextPart("well")]);
    }

    private static Gen<AnswerEvent[]> Answers() =>
        from thoughts in Text().ListOf(2)
        from texts in Text().ListOf(3)
        from calls in Gen.Choose(0, 3)
        from tokens in Gen.Choose(0, 5000)
        from cut in Gen.Elements(true, false)
        select (AnswerEvent[])
        [
            new AnswerBegun("id1", "served"),
            .. thoughts.Select(t => new ThoughtPiece(t)),
            .. texts.Select(t => new TextPiece(t)),
            .. Enumerable.Range(0, calls).SelectMany(i => (AnswerEvent[])[new CallBegun(i, $"c{i}", $"tool{i}"), new CallArguments(i, "{\"path\":"), new CallArguments(i, $"\"{i}\"}}"), new CallEnded(i)]),
            new UsageSeen(new TokenCounts(tokens, tokens / 2, tokens / 3)),
            new AnswerStopped(cut ? StopReason.MaxTokens : calls > 0 ? StopReason.ToolCalls : StopReason.End),
            new AnswerEnded(),
        ];

    // Objects with the names that matter and values of any kind.
    private static Gen<JsonObject> Wild()
    {
        string[] names =
        [
            "type", "choices", "delta", "message", "content", "tool_calls", "function", "arguments", "index", "usage", "prompt_tokens", "input_tokens", "output_tokens", "error", "code", "id", "model", "response",
            "item", "output", "content_block", "role", "messages", "input", "tools", "system", "tool_choice", "thinking", "budget_tokens", "max_tokens", "stream", "stream_options", "finish_reason", "name", "text",
        ];
        string[] words =
        [
            "", "user", "assistant", "tool", "text", "tool_use", "tool_result", "message_start", "message_delta", "content_block_start", "content_block_delta", "response.created", "response.completed",
            "response.output_item.added", "function_call", "input_json_delta", "error", "enabled", "json_schema", "stop", "\ud83d\ude00", "null",
        ];
        return Gen.Sized(size => Object(Math.Min(size, 5)));

        Gen<JsonObject> Object(int depth) =>
            from count in Gen.Choose(0, 6)
            from members in (from name in Gen.Elements(names) from value in Value(depth - 1) select (name, value)).ListOf(count)
            select new JsonObject(members.DistinctBy(m => m.name).Select(m => KeyValuePair.Create(m.name, m.value?.DeepClone())));

        Gen<JsonNode?> Value(int depth) => depth <= 0
            ? Gen.OneOf(
                Gen.Elements(words).Select(w => (JsonNode?)JsonValue.Create(w)),
                Gen.Elements(0d, 1, -1, 1e300, 0.5, 4096).Select(n => (JsonNode?)JsonValue.Create(n)),
                Gen.Elements(true, false).Select(b => (JsonNode?)JsonValue.Create(b)),
                Gen.Constant<JsonNode?>(null))
            : Gen.OneOf(Value(0), Object(depth).Select(o => (JsonNode?)o), Value(depth - 1).ListOf(2).Select(l => (JsonNode?)new JsonArray([.. l.Select(v => v?.DeepClone())])));
    }
}
