namespace Muster.Hosting;

/// <summary>Secrets from the environment: by the variable itself, or by a file that <c>NAME_FILE</c> points to.</summary>
internal static class Secret
{
    /// <remarks>A variable that is set and empty is how scripts unset one.</remarks>
    /// <exception cref="CommandException">The file that is named cannot be read.</exception>
    public static string? FromEnvironment(string name)
    {
        if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value) return value;
        if (Environment.GetEnvironmentVariable(name + "_FILE") is not { Length: > 0 } file) return null;
        try
        {
            return File.ReadAllText(file).Trim() is { Length: > 0 } text ? text : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{name}_FILE names {file}, which cannot be read: {error.Message}", "Mount the secret there, or set the variable itself.") { Code = ExitCodes.BadUsage };
        }
    }
}
