using System.CommandLine;
using System.Text.Json;
using Muster.Client;
using Muster.Connections;
using Muster.Terminals;

namespace Muster.Commands;

/// <summary>One run of a command: its arguments, where it writes, and the plane it talks to.</summary>
internal sealed class Call(ParseResult parsed, Terminal terminal, CancellationToken stop) : IDisposable
{
    private MusterClient? _muster;
    private KnownServer? _server;

    public Terminal Terminal { get; } = terminal;

    /// <summary>Cancelled by Ctrl-C and by SIGTERM.</summary>
    public CancellationToken Stop { get; } = stop;

    public KnownServer Server => _server ??= Connection.Find(Get(Globals.Server), Get(Globals.Token), Get(Globals.Data));

    public MusterClient Muster => _muster ??= Connection.Open(Server);

    public T? Get<T>(Option<T> option) => parsed.GetValue(option);

    /// <summary>The value of an argument. One that must be given was asked for before; one that need not be is its type's default.</summary>
    public T Get<T>(Argument<T> argument) => parsed.GetValue(argument)!;

    /// <summary>Every item of a paged list.</summary>
    public async Task<IReadOnlyList<T>> AllAsync<T>(Func<string?, Task<Contracts.Page<T>>> list, int most = int.MaxValue)
    {
        List<T> all = [];
        await foreach (var item in MusterClient.EnumerateAsync(list).WithCancellation(Stop))
        {
            all.Add(item);
            if (all.Count >= most) break;
        }

        return all;
    }

    /// <summary>An answer as it stands.</summary>
    public async Task<JsonElement> ReadAsync(string path, int alsoAccept = 0)
    {
        var document = await Muster.ReadAsync(path, Stop, alsoAccept);
        return document.RootElement;
    }

    /// <summary>Every item of a paged list, as they stand.</summary>
    public async Task<JsonElement[]> ReadAllAsync(string path, int most = int.MaxValue)
    {
        JsonElement[] all = [];
        for (string? cursor = null, before = ""; cursor != before && all.Length < most;)
        {
            var page = await ReadAsync(cursor is null ? path : $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}cursor={Uri.EscapeDataString(cursor)}");
            all = [.. all, .. page.Items("items")];
            (before, cursor) = (cursor, page.Text("next"));
            if (cursor is null) break;
        }

        return all.Length > most ? all[..most] : all;
    }

    public void Dispose() => _muster?.Dispose();
}
