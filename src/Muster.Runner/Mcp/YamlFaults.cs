using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Muster.Runner.Mcp;

/// <summary>Reads YAML and says where it is none. Not every such text is told of by the reader as such: an open bracket can end in another exception.</summary>
internal static class YamlFaults
{
    /// <param name="reader">That knows the shape.</param>
    /// <param name="yaml">The text.</param>
    /// <param name="file">For what is said of it.</param>
    /// <exception cref="McpSetupException">It cannot be read; says where.</exception>
    public static T? Read<T>(IDeserializer reader, string yaml, string file)
    {
        var parser = new Parser(new StringReader(yaml));
        try
        {
            return reader.Deserialize<T?>(parser);
        }
        catch (YamlException wrong)
        {
            throw new McpSetupException($"{file}:{wrong.Start.Line}: {wrong.InnerException?.Message ?? wrong.Message}", wrong);
        }
        catch (Exception wrong) when (wrong is InvalidOperationException or ArgumentException or FormatException)
        {
            throw new McpSetupException($"{file}:{parser.Current?.Start.Line ?? 1}: this cannot be read as YAML; a bracket or a quotation mark may be open.", wrong);
        }
    }
}
