using System.Text.Json;
using Muster.ControlPlane.Conversations.Planning;

namespace Muster.ControlPlane.Tests.Conversations;

/// <summary>What a model writes is read as one type and nothing else.</summary>
[Trait("req", "B5")]
public sealed class AnswerFormatTests
{
    private const string Good = """{"say":"Hello","plan":null,"preference":null}""";

    [Theory]
    [InlineData("", "")]
    [InlineData("{\"sa", "")]
    [InlineData("{\"say\": \"He", "He")]
    [InlineData("{\"say\":\"a \\\"b\\\" \\u00e9\\n", "a \"b\" é\n")]
    [InlineData("{\"say\":\"a\\", "a")]
    [InlineData("{\"say\":\"a\\u00", "a")]
    [InlineData("{\"say\":\"a\\ud83d", "a")]
    [InlineData("{\"say\":\"All.\",\"plan\":{\"say\":\"no\"}}", "All.")]
    public void What_is_about_to_be_said_is_read_as_far_as_it_has_come(string json, string said) => Assert.Equal(said, Saying.SoFar(json));

    [Fact]
    public void The_schema_lets_nothing_else_in_and_says_what_is_meant()
    {
        foreach (var schema in (JsonElement[])[AnswerFormat.SchemaOf<PlanAnswer>(), AnswerFormat.SchemaOf<ChangeAnswer>()]) Closed(schema);
        var text = AnswerFormat.SchemaOf<PlanAnswer>().GetRawText();
        Assert.Contains("The evidence that done needs", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"answer\"", text, StringComparison.Ordinal);
        Assert.Contains("\"enum\":[\"retry\",\"split\",\"reassign\",\"drop\",\"add\",\"ask\"]", AnswerFormat.SchemaOf<ChangeAnswer>().GetRawText(), StringComparison.Ordinal);
        static void Closed(JsonElement node)
        {
            if (node.ValueKind == JsonValueKind.Array) foreach (var item in node.EnumerateArray()) Closed(item);
            if (node.ValueKind != JsonValueKind.Object) return;
            if (node.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Object)
            {
                Assert.False(node.GetProperty("additionalProperties").GetBoolean());
                Assert.Equal(properties.EnumerateObject().Select(p => p.Name), node.GetProperty("required").EnumerateArray().Select(r => r.GetString()));
            }

            foreach (var property in node.EnumerateObject()) Closed(property.Value);
        }
    }

    [Theory]
    [InlineData(Good)]
    [InlineData("```json\n" + Good + "\n```")]
    [InlineData("  \n" + Good + "\n")]
    public void An_answer_is_read_bare_or_fenced(string text) => Assert.Equal("Hello", AnswerFormat.Read<PlanAnswer>(text).Answer!.Say);

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("I would suggest the following plan:")]
    [InlineData("{\"say\":\"cut off")]
    [InlineData("{\"say\":null,\"plan\":null,\"preference\":null}")]
    [InlineData("{\"plan\":null,\"preference\":null}")]
    [InlineData("{\"say\":\"a\",\"say\":\"b\",\"plan\":null}")]
    [InlineData("{\"say\":\"a\",\"plan\":null,\"run\":\"rm -rf /\"}")]
    [InlineData("{\"say\":1,\"plan\":null}")]
    [InlineData("{\"say\":\"a\",\"plan\":{\"goal\":\"g\",\"project\":{\"key\":\"FLT\"},\"epics\":[],\"tasks\":[],\"risks\":[],\"questions\":[{\"text\":\"q\",\"default\":\"d\",\"answer\":\"mine\"}]}}")]
    [InlineData("{\"say\":\"a\",\"plan\":null} and more")]
    [InlineData("{\"say\":\"a\",\"plan\":null,}")]
    [InlineData("```")]
    [InlineData("``````")]
    public void Anything_else_is_a_fault_in_words(string text)
    {
        var (answer, fault) = AnswerFormat.Read<PlanAnswer>(text);
        Assert.Null(answer);
        Assert.InRange(fault!.Length, 20, 400);
    }

    [Fact]
    public void A_tower_of_brackets_is_a_fault() =>
        Assert.NotNull(AnswerFormat.Read<PlanAnswer>("{\"say\":\"a\",\"plan\":" + new string('[', 100_000) + new string(']', 100_000) + "}").Fault);
}
