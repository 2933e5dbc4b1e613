using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Muster.Runner.Mcp;

/// <summary>A server of tools as somebody declared it. Secrets stand in it as <c>${secret:NAME}</c> and are filled in where it is started, nowhere else.</summary>
public sealed record McpServer
{
    /// <summary>Letters, digits and '-'; the first part of its tools' names.</summary>
    public required string Name { get; init; }

    /// <summary>The file it was declared in, for people.</summary>
    public required string From { get; init; }

    /// <summary>Program and arguments of one that speaks over standard input and output.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Address of one that speaks streamable HTTP.</summary>
    public Uri? Url { get; init; }
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The only tools that are offered; all that are approved when null.</summary>
    public IReadOnlyList<string>? Tools { get; init; }

    /// <summary>Only for tasks of these projects, by key; any when null.</summary>
    public IReadOnlyList<string>? Projects { get; init; }

    /// <summary>Only for agents of these roles; any when null.</summary>
    public IReadOnlyList<string>? Roles { get; init; }

    /// <summary>Longest one call may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What is started, by its content: an approval is for this and nothing else. What only restricts is not part of it.</summary>
    public string Fingerprint() => Hash(JsonSerializer.SerializeToUtf8Bytes(new
    {
        Command,
        Url = Url?.AbsoluteUri,
        Environment = new SortedDictionary<string, string>(Environment.ToDictionary(), StringComparer.Ordinal),
        Headers = new SortedDictionary<string, string>(Headers.ToDictionary(), StringComparer.Ordinal),
    }));

    /// <summary>As a line for people: no value that could be a secret.</summary>
    public override string ToString() => Url is not null ? $"{Name} ({Url.GetLeftPart(UriPartial.Path)})" : $"{Name} ({Command![0]})";

    internal static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    internal static string Hash(string text) => Hash(Encoding.UTF8.GetBytes(text));
}

/// <summary>A declaration cannot be followed, or a server not be used. Fit for a log: holds no secret.</summary>
public sealed class McpSetupException(string message, Exception? inner = null) : Exception(message, inner);
