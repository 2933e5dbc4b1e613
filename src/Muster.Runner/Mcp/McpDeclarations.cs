using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Muster.Runner.Mcp;

/// <summary>Reads a file of declarations. What is not known in it is refused, so that a slip is not a silent one.</summary>
public static class McpDeclarations
{
    private const int MostBytes = 256 * 1024;
    private const int MostServers = 50;

    /// <summary>The servers that a file declares; none when it is not there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="profiles">Ready-made ones, by name, that a declaration may <c>use</c>.</param>
    /// <exception cref="McpSetupException">The file is wrong; the message names the place.</exception>
    public static IReadOnlyList<McpServer> Read(string path, IReadOnlyDictionary<string, McpProfile> profiles)
    {
        if (!File.Exists(path)) return [];
        // A repository decides what stands here, a link out of it not among that.
        var file = new FileInfo(path);
        if (file.LinkTarget is not null || file.Length > MostBytes) throw new McpSetupException($"{path} is a link, or larger than {MostBytes / 1024} KiB.");
        return Parse(File.ReadAllText(path), path, profiles);
    }

    public static IReadOnlyList<McpServer> Parse(string yaml, string from, IReadOnlyDictionary<string, McpProfile> profiles)
    {
        if (YamlFaults.Read<FileText>(Reader(), yaml, from)?.Servers is not { } servers) return [];
        if (servers.Count > MostServers) throw new McpSetupException($"{from} declares more than {MostServers} servers.");
        return [.. servers.Select(server => Build(server.Key, server.Value ?? new ServerText(), from, profiles))];
    }

    internal static IDeserializer Reader() => new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance).Build();

    private static McpServer Build(string name, ServerText text, string from, IReadOnlyDictionary<string, McpProfile> profiles)
    {
        if (!ToolNames.IsServerName(name)) throw new McpSetupException($"{from}: '{name}' is no name of a server: letters, digits and '-', at most 30.");
        var profile = text.Use is null ? null
            : profiles.GetValueOrDefault(text.Use) ?? throw new McpSetupException($"{from}: {name} uses '{text.Use}', which is no ready-made server. There are {string.Join(", ", profiles.Keys.Order(StringComparer.Ordinal))}.");
        var command = text.Command ?? (text.Url is null ? profile?.Command : null);
        var url = text.Url ?? (text.Command is null ? profile?.Url : null);
        if ((command is null) == (url is null)) throw new McpSetupException($"{from}: {name} needs either a command (a list) or a url.");
        if (command is { Count: 0 } || command?.Any(string.IsNullOrEmpty) == true) throw new McpSetupException($"{from}: the command of {name} is a list: the program and its arguments.");
        if (Words(text).Any(word => word.Any(letter => char.IsControl(letter) && letter is not ('\n' or '\t')))) throw new McpSetupException($"{from}: {name} holds control characters, which could show a person another command than the one that runs.");
        Uri? address = null;
        if (url is not null && (!Uri.TryCreate(url, UriKind.Absolute, out address) || !(address.Scheme == "https" || address.Scheme == "http" && address.IsLoopback)))
            throw new McpSetupException($"{from}: the url of {name} must be https, or http on this machine.");
        if (address is { UserInfo.Length: > 0 }) throw new McpSetupException($"{from}: the url of {name} must hold no password; use headers with ${{secret:NAME}}.");
        if (text.Timeout is < 1 or > 3600) throw new McpSetupException($"{from}: the timeout of {name} is 1 to 3600 seconds.");
        return new McpServer
        {
            Name = name,
            From = from,
            Command = command,
            Url = address,
            Environment = Over(profile?.Environment, text.Environment),
            Headers = Over(profile?.Headers, text.Headers),
            Tools = text.Tools ?? profile?.Safe,
            Projects = text.Projects,
            Roles = text.Roles,
            Timeout = TimeSpan.FromSeconds(text.Timeout ?? profile?.Timeout ?? 60),
        };
    }

    private static IEnumerable<string> Words(ServerText text) =>
        [.. text.Command ?? [], text.Url ?? "", .. Pairs(text.Environment), .. Pairs(text.Headers), .. text.Tools ?? [], .. text.Projects ?? [], .. text.Roles ?? []];

    private static IEnumerable<string> Pairs(Dictionary<string, string>? pairs) => (pairs ?? []).SelectMany(pair => new[] { pair.Key, pair.Value });

    private static Dictionary<string, string> Over(IReadOnlyDictionary<string, string>? below, IReadOnlyDictionary<string, string>? above)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in below ?? new Dictionary<string, string>(StringComparer.Ordinal)) all[name] = value;
        foreach (var (name, value) in above ?? new Dictionary<string, string>(StringComparer.Ordinal)) all[name] = value;
        return all;
    }

    private sealed class FileText
    {
        public Dictionary<string, ServerText?>? Servers { get; set; }
    }

    private sealed class ServerText
    {
        public string? Use { get; set; }
        public List<string>? Command { get; set; }
        public string? Url { get; set; }
        public Dictionary<string, string>? Environment { get; set; }
        public Dictionary<string, string>? Headers { get; set; }
        public List<string>? Tools { get; set; }
        public List<string>? Projects { get; set; }
        public List<string>? Roles { get; set; }
        public int? Timeout { get; set; }
    }
}
