using System.CommandLine;

namespace Muster.Commands;

/// <summary>Options that every command takes.</summary>
internal static class Globals
{
    public static Option<bool> Json { get; } = new("--json") { Description = "The result as one JSON document on standard output", Recursive = true };

    public static Option<string?> Server { get; } = new("--server")
    {
        Description = "Address of the plane (else MUSTER_SERVER, else the plane started last on this machine)",
        HelpName = "URL",
        Recursive = true,
    };

    public static Option<string?> Token { get; } = new("--token") { Description = "Token (else MUSTER_TOKEN, else the one saved for that plane)", HelpName = "T", Recursive = true };

    public static Option<string?> Data { get; } = new("--data") { Description = "Data folder of the plane (else MUSTER_DATA, else ~/.local/share/muster)", HelpName = "DIR", Recursive = true };

    public static Option<bool> Verbose { get; } = new("--verbose") { Description = "Say more about what happens inside", Recursive = true };

    public static IEnumerable<Option> All => [Json, Server, Token, Data, Verbose];
}
