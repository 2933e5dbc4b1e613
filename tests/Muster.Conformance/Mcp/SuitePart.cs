using System.Collections.Concurrent;
using System.ComponentModel;
using System.Reflection;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Muster.ControlPlane.Mcp;

namespace Muster.Conformance.Mcp;

/// <summary>Adds to a plane what the public suite looks for by name, beside what the plane offers anyway.</summary>
internal sealed class SuitePart : IMcpPart
{
    private readonly ConcurrentDictionary<string, int> _watched = new(StringComparer.Ordinal);

    public void AddTo(McpServerOptions options)
    {
        foreach (var holder in (Type[])[typeof(SuiteTools), typeof(SuiteInput)])
            foreach (var method in Marked<McpServerToolAttribute>(holder)) options.ToolCollection!.Add(McpServerTool.Create(method));
        foreach (var tool in SuiteTools.Raw()) options.ToolCollection!.Add(tool);
        options.ToolCollection!.Add(Trigger("test_trigger_tool_change", () => options.ToolCollection!.Add(McpServerTool.Create(() => "new", new() { Name = $"added_{Guid.NewGuid():N}", Description = "Added" }))));
        options.ToolCollection!.Add(Trigger("test_trigger_prompt_change", () => options.PromptCollection!.Add(McpServerPrompt.Create(() => "new", new() { Name = $"added_{Guid.NewGuid():N}", Description = "Added" }))));
        foreach (var method in Marked<McpServerPromptAttribute>(typeof(SuitePrompts))) options.PromptCollection!.Add(McpServerPrompt.Create(method));
        foreach (var method in Marked<McpServerResourceAttribute>(typeof(SuiteResources))) options.ResourceCollection!.Add(McpServerResource.Create(method));
        options.Capabilities!.Completions = new CompletionsCapability();
        options.Capabilities.Resources!.Subscribe = true;
        options.Capabilities.Logging = new LoggingCapability();
        options.Handlers.CompleteHandler = (request, _) => new(new CompleteResult
        {
            Completion = new Completion { Values = [.. new[] { "paris", "park", "party" }.Where(word => word.StartsWith(request.Params?.Argument.Value ?? "", StringComparison.Ordinal))], Total = 3, HasMore = false },
        });
        options.Handlers.SetLoggingLevelHandler = (_, _) => new(new EmptyResult());
        options.Handlers.SubscribeToResourcesHandler = (request, _) =>
        {
            _watched.AddOrUpdate(request.Params!.Uri, 1, (_, count) => count + 1);
            return new(new EmptyResult());
        };
        options.Handlers.UnsubscribeFromResourcesHandler = (request, _) =>
        {
            _watched.Remove(request.Params!.Uri, out int _);
            return new(new EmptyResult());
        };
    }

    private static McpServerTool Trigger(string name, Action change) => McpServerTool.Create(() =>
    {
        change();
        return "changed";
    }, new() { Name = name, Description = "Changes what is offered" });

    private static IEnumerable<MethodInfo> Marked<T>(Type holder) where T : Attribute =>
        holder.GetMethods(BindingFlags.Static | BindingFlags.Public).Where(method => method.GetCustomAttribute<T>() is not null);
}

public static class SuitePrompts
{
    [McpServerPrompt(Name = "test_simple_prompt"), Description("A prompt")]
    public static string Simple() => "This is a simple prompt for testing.";

    [McpServerPrompt(Name = "test_prompt_with_arguments"), Description("A prompt with arguments")]
    public static string Arguments([Description("First")] string arg1, [Description("Second")] string arg2) => $"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'";

    [McpServerPrompt(Name = "test_prompt_with_embedded_resource"), Description("A prompt with a resource")]
    public static IEnumerable<PromptMessage> Resource([Description("Its address")] string resourceUri) =>
    [
        new PromptMessage { Role = Role.User, Content = new EmbeddedResourceBlock { Resource = new TextResourceContents { Uri = resourceUri, MimeType = "text/plain", Text = "Embedded resource content for testing." } } },
        new PromptMessage { Role = Role.User, Content = new TextContentBlock { Text = "Please process the embedded resource above." } },
    ];

    [McpServerPrompt(Name = "test_prompt_with_image"), Description("A prompt with an image")]
    public static IEnumerable<PromptMessage> Image() =>
    [
        new PromptMessage { Role = Role.User, Content = new ImageContentBlock { Data = SuiteText.Png, MimeType = "image/png" } },
        new PromptMessage { Role = Role.User, Content = new TextContentBlock { Text = "Please analyze the image above." } },
    ];

    [McpServerPrompt(Name = "test_input_required_result_prompt"), Description("A prompt that asks first")]
    public static string Asks(RequestContext<GetPromptRequestParams> request) => request.Params?.InputResponses is { Count: > 0 }
        ? "With what you said."
        : throw SuiteInput.Needs(null, ("user_context", SuiteInput.Name("What context should the prompt use?", "context")));
}

public static class SuiteResources
{
    [McpServerResource(UriTemplate = "test://static-text", Name = "static text", MimeType = "text/plain"), Description("Text")]
    public static string Text() => "This is the content of the static text resource.";

    [McpServerResource(UriTemplate = "test://static-binary", Name = "static binary", MimeType = "image/png"), Description("Bytes")]
    public static BlobResourceContents Binary() => new() { Uri = "test://static-binary", MimeType = "image/png", Blob = SuiteText.Png };

    [McpServerResource(UriTemplate = "test://watched-resource", Name = "watched", MimeType = "text/plain"), Description("Something to subscribe to")]
    public static string Watched() => "watched";

    [McpServerResource(UriTemplate = "test://template/{id}/data", Name = "template", MimeType = "application/json"), Description("Something with a parameter")]
    public static string Template(string id) => $$"""{"id":"{{id}}","templateTest":true,"data":"Data for ID: {{id}}"}""";
}
