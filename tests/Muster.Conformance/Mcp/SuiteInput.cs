using System.ComponentModel;
using System.Security.Cryptography;
using System.Text;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Request = ModelContextProtocol.Server.RequestContext<ModelContextProtocol.Protocol.CallToolRequestParams>;

namespace Muster.Conformance.Mcp;

/// <summary>Tools of the public suite that ask for more before they answer, in the revision without sessions.</summary>
public static class SuiteInput
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    [McpServerTool(Name = "test_input_required_result_elicitation"), Description("Asks for a name")]
    public static CallToolResult Elicitation(Request request) => Answer(request, "user_name") is { } answer
        ? SuiteText.Said($"Hello, {Field(answer, "name")}!")
        : throw Needs(null, ("user_name", Name("What is your name?", "name")));

    [McpServerTool(Name = "test_input_required_result_sampling"), Description("Asks the client's model")]
    public static CallToolResult Sampling(Request request) => Answer(request, "capital_question") is { } answer
        ? SuiteText.Said(string.Concat(answer.Deserialize(InputResponse.CreateMessageResultJsonTypeInfo)?.Content.OfType<TextContentBlock>().Select(block => block.Text) ?? []))
        : throw Needs(null, ("capital_question", InputRequest.ForSampling(SuiteText.Ask("What is the capital of France?"))));

    [McpServerTool(Name = "test_input_required_result_list_roots"), Description("Asks for the client's folders")]
    public static CallToolResult Roots(Request request) => Answer(request, "client_roots") is { } answer
        ? SuiteText.Said($"roots: {string.Join(", ", answer.Deserialize(InputResponse.ListRootsResultJsonTypeInfo)?.Roots.Select(root => root.Uri) ?? [])}")
        : throw Needs(null, ("client_roots", InputRequest.ForRootsList(new ListRootsRequestParams())));

    [McpServerTool(Name = "test_input_required_result_request_state"), Description("Hands its state out and gets it back")]
    public static CallToolResult State(Request request) => request.Params?.RequestState switch
    {
        null => throw Needs("state", ("confirm", Confirm())),
        "state" => SuiteText.Said("state-ok"),
        _ => SuiteText.Said("another state"),
    };

    [McpServerTool(Name = "test_input_required_result_multiple_inputs"), Description("Asks for three things at once")]
    public static CallToolResult Several(Request request) => request.Params?.InputResponses is { Count: >= 3 }
        ? SuiteText.Said("all three")
        : throw Needs("several",
            ("user_name", Name("What is your name?", "name")), ("greeting", InputRequest.ForSampling(SuiteText.Ask("Generate a greeting", 50))), ("client_roots", InputRequest.ForRootsList(new ListRootsRequestParams())));

    [McpServerTool(Name = "test_input_required_result_multi_round"), Description("Asks twice")]
    public static CallToolResult Rounds(Request request) => request.Params?.RequestState switch
    {
        null => throw Needs("round 1", ("step1", Name("Step 1: What is your name?", "name"))),
        "round 1" => throw Needs("round 2", ("step2", Name("Step 2: What is your favorite color?", "color"))),
        _ => SuiteText.Said("both"),
    };

    [McpServerTool(Name = "test_input_required_result_tampered_state"), Description("Knows its own state")]
    public static CallToolResult Sealed(Request request) => request.Params?.RequestState switch
    {
        null => throw Needs(Sign("step"), ("confirm", Confirm())),
        var state when state == Sign("step") => SuiteText.Said("untouched"),
        _ => throw new McpProtocolException("This state is not the one that was handed out.", McpErrorCode.InvalidParams),
    };

    [McpServerTool(Name = "test_input_required_result_capabilities"), Description("Asks only what the client can answer")]
    public static CallToolResult Capable(Request request)
    {
        if (request.Params?.InputResponses is { Count: > 0 }) return SuiteText.Said("answered");
        List<(string, InputRequest)> asked = [];
        if (request.Server.ClientCapabilities?.Sampling is not null) asked.Add(("capital_question", InputRequest.ForSampling(SuiteText.Ask("What is the capital of France?"))));
        if (request.Server.ClientCapabilities?.Elicitation is not null) asked.Add(("user_name", Name("What is your name?", "name")));
        throw Needs(null, [.. asked]);
    }

    public static InputRequiredException Needs(string? state, params (string Key, InputRequest Request)[] requests) =>
        new(requests.ToDictionary(request => request.Key, request => request.Request, StringComparer.Ordinal), state);

    public static InputRequest Name(string message, string field) => InputRequest.ForElicitation(SuiteText.Form(message, $$"""{ "{{field}}": { "type": "string" } }""", field));

    private static InputRequest Confirm() => InputRequest.ForElicitation(SuiteText.Form("Please confirm", """{ "ok": { "type": "boolean" } }""", "ok"));

    private static InputResponse? Answer(Request request, string key) =>
        request.Params?.InputResponses is { } answers && answers.TryGetValue(key, out var answer) && answer.RawValue.ValueKind == System.Text.Json.JsonValueKind.Object ? answer : null;

    private static string Field(InputResponse answer, string field) =>
        answer.Deserialize(InputResponse.ElicitResultJsonTypeInfo)?.Content is { } content && content.TryGetValue(field, out var value) ? value.ToString() : "nobody";

    private static string Sign(string state) => $"{state}.{Convert.ToHexString(HMACSHA256.HashData(Key, Encoding.UTF8.GetBytes(state)))}";
}
