using System.CommandLine;
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

    public void Dispose() => _muster?.Dispose();
}
