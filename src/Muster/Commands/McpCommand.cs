using System.CommandLine;
using Muster.Connections;
using Muster.Hosting;
using Muster.Mcp;
using Muster.Runner.Mcp;
using Muster.Terminals;

namespace Muster.Commands;

/// <summary>Muster as a server of MCP, and a person's word on the servers of others that agents may use on this host.</summary>
internal static class McpCommand
{
    private static readonly Argument<string> Server = new("server") { Description = "Name of the server, as it is declared" };
    private static readonly Option<string?> From = new("--from") { Description = "File that declares it, such as .muster/mcp.yaml of a repository; else mcp.yaml of the data folder", HelpName = "FILE" };

    public static Command Create()
    {
        var yes = new Option<bool>("--yes") { Description = "Approve without asking" };
        return new Command("mcp", "Muster's tools for an editor or an agent, over MCP on standard input and output").With(
            new Command("list", "Servers that are declared for agents of this host, and whether they are approved").With(From).Does(ListAsync),
            new Command("approve", "Start a server, show its tools, and let agents use them as they are now").With(Server, From, yes).Does(call => ApproveAsync(call, call.Get(yes))),
            new Command("pins", "What is approved on this host").Does(PinsAsync),
            new Command("revoke", "Take the approvals of a server back").With(Server).Does(RevokeAsync))
            .Does(ServeAsync);
    }

    private static async Task ServeAsync(Call call)
    {
        // Standard output belongs to the protocol; whatever else there is to say goes to standard error.
        await using var input = Console.OpenStandardInput();
        await using var output = Console.OpenStandardOutput();
        await StdioServer.RunAsync(new ClientCalls(call.Muster, Secret.FromEnvironment("MUSTER_LEASE")), input, output, call.Stop);
    }

    private static Task ListAsync(Call call) => Explained(() =>
    {
        var catalog = Catalog(call);
        var servers = Declared(catalog, call);
        call.Terminal.Document(servers.Select(server => new { server.Name, server.From, server.Command, server.Url, server.Tools, server.Projects, server.Roles, approved = catalog.Pins.Find(server) is not null }));
        var grid = new Grid("SERVER", "APPROVED", "TOOLS", "FOR", "STARTS");
        foreach (var server in servers)
        {
            var pin = catalog.Pins.Find(server);
            grid.Row(server.Name, pin is null ? new Cell("no", Tone.Warn) : new Cell($"{pin.ApprovedAt.ToLocalTime():yyyy-MM-dd}"), pin is null ? "" : $"{Offered(server, pin.Tools).Count} of {pin.Tools.Count}",
                string.Join(", ", [.. server.Roles ?? [], .. server.Projects ?? []]), server.Url?.GetLeftPart(UriPartial.Path) ?? string.Join(' ', server.Command!));
        }

        grid.WriteTo(call.Terminal, $"No servers are declared. docs/mcp.md says how; the file is {catalog.FleetFile}");
        return Task.CompletedTask;
    });

    private static Task ApproveAsync(Call call, bool yes) => Explained(async () =>
    {
        var catalog = Catalog(call);
        var name = call.Get(Server);
        var server = Declared(catalog, call).FirstOrDefault(one => one.Name == name)
            ?? throw new CommandException($"No server '{name}' is declared in {call.Get(From) ?? catalog.FleetFile}.", "muster mcp list shows those that are.");
        var before = catalog.Pins.Find(server);
        // What a repository declares was written by whoever may write there: it is shown as it is, and starts nothing before a person has said so.
        call.Terminal.Line($"{server.Name} starts: {Plain.Line(server.Url?.AbsoluteUri ?? string.Join(' ', server.Command!))}", Tone.Strong);
        foreach (var (what, value) in server.Environment.Concat(server.Headers)) call.Terminal.Line($"  {Plain.Line($"{what}: {value}")}");
        if (!yes && !catalog.IsOwn(server) && !await AskAsync(call, server.Url is null ? "Start it, with your rights, to see its tools?" : "Call it, to see its tools?"))
            throw new CommandException("Nothing was started and nothing approved.", "Say yes, or pass --yes.");
        var tools = await catalog.LookAsync(server, call.Stop);
        call.Terminal.Document(new { server.Name, declaration = server.Fingerprint(), tools, offered = Offered(server, tools), hash = McpPins.HashOf(tools) });
        foreach (var tool in tools) WriteTool(call.Terminal, server, tool, before?.Tools);
        foreach (var gone in before?.Tools.Where(old => tools.All(tool => tool.Name != old.Name)) ?? []) call.Terminal.Line($"- {Plain.Line(gone.Name)} is gone", Tone.Warn);
        if (before is not null && before.ToolsHash == McpPins.HashOf(tools))
        {
            call.Terminal.Line("Approved already, and nothing has changed.", Tone.Good);
            return;
        }

        call.Terminal.Line("A model reads these descriptions and may do what they say. Approve only what you would let every agent that gets them do.");
        if (!yes && !await AskAsync(call, "Approve?")) throw new CommandException("Nothing was approved.", "Say yes, or pass --yes.");
        catalog.Pins.Approve(server, tools, DateTimeOffset.UtcNow);
        call.Terminal.Line($"{Words.Count(Offered(server, tools).Count, "tool")} of {server.Name} may be used from the next attempt on.", Tone.Good);
    });

    private static Task PinsAsync(Call call) => Explained(() =>
    {
        var pins = Catalog(call).Pins.Read();
        call.Terminal.Document(pins);
        var grid = new Grid("SERVER", "TOOLS", "APPROVED", "DECLARATION", "TOOL LIST");
        foreach (var pin in pins) grid.Row(pin.Server, pin.Tools.Count, $"{pin.ApprovedAt.ToLocalTime():yyyy-MM-dd HH:mm}", pin.Declaration[..12], pin.ToolsHash[..12]);
        grid.WriteTo(call.Terminal, "Nothing is approved on this host. Approve a server: muster mcp approve SERVER");
        return Task.CompletedTask;
    });

    private static Task RevokeAsync(Call call) => Explained(() =>
    {
        var name = call.Get(Server);
        if (Catalog(call).Pins.Revoke(name) == 0) throw new CommandException($"No approval of '{name}' is kept on this host.", "muster mcp pins shows those that are.");
        call.Terminal.Line($"{name} is not offered to any attempt that begins from now on.");
        return Task.CompletedTask;
    });

    private static McpCatalog Catalog(Call call) => new(Path.GetFullPath(call.Get(Globals.Data) ?? Paths.DefaultData), Path.Combine(AppContext.BaseDirectory, "fleet"));

    private static IReadOnlyList<McpServer> Declared(McpCatalog catalog, Call call)
    {
        if (call.Get(From) is not { } file) return catalog.Fleet();
        return File.Exists(file) ? McpDeclarations.Read(Path.GetFullPath(file), catalog.Profiles()) : throw new CommandException($"There is no file {file}.", "Name the file that declares the server.");
    }

    private static IReadOnlyList<string> Offered(McpServer server, IReadOnlyList<PinnedTool> tools) =>
        [.. tools.Select(tool => tool.Name).Where(tool => server.Tools is null || server.Tools.Contains(tool, StringComparer.Ordinal))];

    private static void WriteTool(Terminal terminal, McpServer server, PinnedTool tool, IReadOnlyList<PinnedTool>? before)
    {
        var old = before?.FirstOrDefault(one => one.Name == tool.Name);
        var mark = before is null ? "" : old is null ? " (new)" : McpPins.HashOf([old]) == McpPins.HashOf([tool]) ? "" : " (changed)";
        var kept = server.Tools is not null && !server.Tools.Contains(tool.Name, StringComparer.Ordinal) ? " (not offered)" : "";
        terminal.Line($"+ {Plain.Line(tool.Name)}{mark}{kept}", mark.Length > 0 ? Tone.Warn : Tone.None);
        terminal.Line($"    {Plain.Line(tool.Description)}", Tone.Faint);
    }

    private static async Task<bool> AskAsync(Call call, string question)
    {
        if (Console.IsInputRedirected) return false;
        await Console.Error.WriteAsync($"{question} [y/N] ");
        return (await Console.In.ReadLineAsync(call.Stop))?.Trim() is "y" or "Y" or "yes";
    }

    // What the files say wrong is a person's to mend, no fault of ours.
    private static async Task Explained(Func<Task> body)
    {
        try
        {
            await body();
        }
        catch (McpSetupException wrong)
        {
            throw new CommandException(wrong.Message);
        }
    }
}
