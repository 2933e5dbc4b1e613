using System.Net.Sockets;
using Npgsql;

namespace Muster.Integrations.Postgres;

/// <summary>Tells errors of the statement from errors of the server and of the way to it.</summary>
internal static class Outage
{
    // A server that ends a session for its age says so before it hangs up.
    private const string IdleInTransaction = "25P03";
    private const string TransactionTooLong = "25P04";

    /// <summary>The server is gone, going, coming or no longer the one that takes writes.</summary>
    public static bool Is(Exception error) => error switch
    {
        PostgresException p => p.SqlState.StartsWith("08", StringComparison.Ordinal) || p.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown
            or PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.TooManyConnections
            or TransactionTooLong or IdleInTransaction or PostgresErrorCodes.IdleSessionTimeout,
        NpgsqlException or SocketException or IOException or TimeoutException or ObjectDisposedException => true,
        _ => error.InnerException is { } inner && error is not NpgsqlException && Is(inner),
    };

    /// <summary>Two transactions were in each other's way and this one was undone.</summary>
    public static bool IsCollision(Exception error) => error is PostgresException
    {
        SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable,
    };

    /// <summary>
    /// A statement was planned before its tables were given another column. The driver then forgets the plan, so that the statement
    /// succeeds when it comes again.
    /// </summary>
    public static bool IsOldPlan(Exception error) => error is PostgresException { SqlState: PostgresErrorCodes.FeatureNotSupported };
}
