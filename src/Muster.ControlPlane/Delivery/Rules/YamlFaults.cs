using YamlDotNet.Core;

namespace Muster.ControlPlane.Delivery.Rules;

/// <summary>
/// What a reader of YAML ends in at a text that is none, and where. Not every such text is told of as a <see cref="YamlException"/>: an
/// open bracket can end in another.
/// </summary>
internal static class YamlFaults
{
    public static bool Is(Exception error) => error is YamlException or InvalidOperationException or ArgumentException or FormatException;

    /// <summary>The line, counted from 1.</summary>
    public static int Line(Exception error, IParser parser) => (int)(error is YamlException told ? told.Start.Line : parser.Current?.Start.Line ?? 1);

    public static string Text(Exception error) => error is YamlException told ? told.InnerException?.Message ?? told.Message : "A bracket or a quotation mark may be open.";
}
