namespace Muster;

/// <summary>This machine as a host.</summary>
internal static class LocalHost
{
    // The same default as the host daemon's.
    public static string Name => Environment.MachineName.ToLowerInvariant();
}
