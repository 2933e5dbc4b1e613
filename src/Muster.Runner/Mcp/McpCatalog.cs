using Muster.Runner.Executors;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Muster.Runner.Mcp;

/// <summary>
/// What is declared on this host: for the fleet in <c>mcp.yaml</c> of the data folder, for a project in <c>.muster/mcp.yaml</c> of its
/// repository, for a role by <c>mcp</c> in its front matter, which names servers of the fleet's file or ready-made ones.
/// </summary>
/// <param name="data">The data folder: declarations, approvals, secrets.</param>
/// <param name="shipped">The folder <c>fleet</c> that came with the program.</param>
public sealed class McpCatalog(string data, string shipped)
{
    public const string FileName = "mcp.yaml";

    /// <summary>Where a repository declares.</summary>
    public static string InRepository { get; } = Path.Combine(".muster", FileName);

    /// <param name="hostFolder">The host daemon's own folder, which lies in the data folder.</param>
    public static McpCatalog OfHost(string hostFolder) => new(Path.GetDirectoryName(Path.GetFullPath(hostFolder))!, Path.Combine(AppContext.BaseDirectory, "fleet"));

    public string FleetFile { get; } = Path.Combine(data, FileName);

    public McpPins Pins { get; } = new(Path.Combine(data, "mcp-pins.json"));

    public McpSecrets Secrets() => new(Path.Combine(data, "secrets"), Environment.GetEnvironmentVariable);

    public IReadOnlyDictionary<string, McpProfile> Profiles() => McpProfile.Load(Path.Combine(data, "mcp"), Path.Combine(shipped, "mcp"));

    /// <summary>What the fleet's file declares.</summary>
    public IReadOnlyList<McpServer> Fleet() => McpDeclarations.Read(FleetFile, Profiles());

    /// <summary>What a server has now, for a person to look at. Starts it.</summary>
    /// <exception cref="McpSetupException">It cannot be used.</exception>
    public async Task<IReadOnlyList<PinnedTool>> LookAsync(McpServer server, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("muster-mcp-").FullName;
        try
        {
            var secrets = Secrets();
            await using var connection = await McpConnection.OpenAsync(server, secrets, folder, $"muster-mcp-{Guid.CreateVersion7():n}", cancellation);
            try
            {
                return await connection.ListAsync(cancellation);
            }
            catch (Exception error) when (error is not McpSetupException && !cancellation.IsCancellationRequested)
            {
                throw new McpSetupException(secrets.Redact($"{server} does not say what tools it has: {error.Message}"), error);
            }
        }
        finally
        {
            Workspaces.FolderRemoval.TryDelete(folder);
        }
    }

    /// <summary>Whether it was declared on this host rather than in a repository.</summary>
    public bool IsOwn(McpServer server) => server.From == FleetFile;

    /// <summary>
    /// The servers for an attempt. A name that the host declares is the host's: a repository cannot take it over. A file that is wrong is
    /// told and left out; the attempt goes on without it.
    /// </summary>
    internal IReadOnlyList<McpServer> For(Attempt attempt, string? role, Action<string> log)
    {
        var found = new Dictionary<string, McpServer>(StringComparer.Ordinal);
        // The plane says what its role has; one of before did not, and the files here are asked.
        var named = (attempt.Role is { } brief ? brief.Mcp : Told(() => OfRole(role), log)) ?? [];
        var ours = Told(Fleet, log) ?? [];
        foreach (var server in ours)
        {
            // A role that names servers has those; a server that names roles is for those.
            if (server.Roles is { } roles && !roles.Contains(role, StringComparer.OrdinalIgnoreCase)) continue;
            if (named.Count > 0 && server.Roles is null && !named.Contains(server.Name, StringComparer.Ordinal)) continue;
            if (server.Projects is { } projects && !projects.Contains(attempt.Task.Key[..attempt.Task.Key.LastIndexOf('-')], StringComparer.OrdinalIgnoreCase)) continue;
            found[server.Name] = server;
        }

        // Of all names, not only of those that this attempt gets: what the host keeps from a project is not to be had by declaring it there.
        var taken = ours.Select(server => server.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var server in Told(() => OfRepository(attempt.Folder), log) ?? [])
            if (taken.Contains(server.Name) || !found.TryAdd(server.Name, server)) log($"MCP: the repository declares a server '{server.Name}' that this host declares too; the host's is used.");
        return [.. found.Values];
    }

    private IReadOnlyList<McpServer> OfRepository(string folder)
    {
        var file = Path.Combine(folder, InRepository);
        // A folder that is a link would make somebody else's file the repository's word.
        if (new DirectoryInfo(Path.GetDirectoryName(file)!).LinkTarget is not null) throw new McpSetupException($"{Path.GetDirectoryName(file)} is a link.");
        return McpDeclarations.Read(file, Profiles());
    }

    /// <summary>The servers that a role names; none when it names none.</summary>
    internal IReadOnlyList<string> OfRole(string? role)
    {
        if (role is null || !role.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')) return [];
        var file = new[] { Path.Combine(data, "roles", role + ".md"), Path.Combine(shipped, "roles", role + ".md") }.FirstOrDefault(File.Exists);
        if (file is null) return [];
        var text = File.ReadAllText(file).ReplaceLineEndings("\n");
        var end = text.StartsWith("---\n", StringComparison.Ordinal) ? text.IndexOf("\n---\n", 4, StringComparison.Ordinal) : -1;
        if (end < 0) return [];
        return YamlFaults.Read<FrontMatter>(new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance).IgnoreUnmatchedProperties().Build(), text[4..end], file)?.Mcp ?? [];
    }

    private static IReadOnlyList<T>? Told<T>(Func<IReadOnlyList<T>> read, Action<string> log)
    {
        try
        {
            return read();
        }
        catch (McpSetupException wrong)
        {
            log($"MCP: {wrong.Message}");
            return null;
        }
    }

    private sealed class FrontMatter
    {
        public List<string>? Mcp { get; set; }
    }
}
