namespace Muster.ControlPlane.Models.Calling;

/// <summary>The way to the caller. Knows whether something was delivered; what goes wrong on it is the caller's going, not the provider's fault.</summary>
internal sealed class CarriedAnswer(IModelAnswer answer)
{
    public bool HasBegun { get; private set; }

    public async Task BeginAsync(int status, string contentType, IReadOnlyDictionary<string, string> headers, CancellationToken ct)
    {
        HasBegun = true;
        await GuardAsync(() => answer.BeginAsync(status, contentType, headers, ct));
    }

    public Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct) => bytes.IsEmpty ? Task.CompletedTask : GuardAsync(() => answer.WriteAsync(bytes, ct));

    private static async Task GuardAsync(Func<Task> deliver)
    {
        try
        {
            await deliver();
        }
        catch (Exception error)
        {
            throw new CallerGoneException(error);
        }
    }
}

/// <summary>Nothing more can be delivered.</summary>
internal sealed class CallerGoneException(Exception cause) : Exception("The caller is gone.", cause);
