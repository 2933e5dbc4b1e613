namespace Muster.ControlPlane.Delivery.Git;

/// <summary>Where a project's own repository is, as people write it.</summary>
public static class RepositoryAddress
{
    /// <summary>
    /// Whether a URL carries credentials: a password, or for http a user name, as forges take tokens. Every agent and viewer sees a project's address;
    /// an ssh user name is none.
    /// </summary>
    public static bool HoldsSecret(string address) => UserInfo(address) is { } user && (user.Contains(':', StringComparison.Ordinal) || address.StartsWith("http", StringComparison.OrdinalIgnoreCase));

    /// <summary>For people: without credentials.</summary>
    public static string Shown(string address) => HoldsSecret(address) ? address.Replace(UserInfo(address) + "@", "***@", StringComparison.Ordinal) : address;

    private static string? UserInfo(string address)
    {
        var start = address.IndexOf("://", StringComparison.Ordinal);
        if (start < 0) return null;
        var end = address.IndexOfAny(['/', '?', '#'], start + 3);
        var authority = end < 0 ? address[(start + 3)..] : address[(start + 3)..end];
        var at = authority.LastIndexOf('@');
        return at < 0 ? null : authority[..at];
    }
}
