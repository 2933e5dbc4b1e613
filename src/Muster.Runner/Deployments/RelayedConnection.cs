using System.Net.Sockets;

namespace Muster.Runner.Deployments;

/// <summary>One caller's connection and its other half.</summary>
internal sealed class RelayedConnection(Socket client) : IDisposable
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _cut = new();

    public Task Done => _done.Task;

    public void Cut()
    {
        if (Done.IsCompleted) return;
        try
        {
            _cut.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself in this moment.
        }
    }

    public void Finish() => _done.TrySetResult();

    /// <summary>Until both sides have closed, or one broke.</summary>
    public async Task RunAsync(Socket server, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _cut.Token);
        await Task.WhenAll(PumpAsync(client, server, either), PumpAsync(server, client, either));
    }

    public void Dispose() => _cut.Dispose();

    private static async Task PumpAsync(Socket from, Socket to, CancellationTokenSource either)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            for (int read; (read = await from.ReceiveAsync(buffer, either.Token)) > 0;)
            {
                for (var sent = 0; sent < read;) sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), either.Token);
            }

            // One side has said all it had to; the other may still answer.
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            await either.CancelAsync();
        }
    }
}
