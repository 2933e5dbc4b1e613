using System.Text.Json;

namespace Muster.Contracts.Tools;

public static class ToolLanguages
{
    /// <summary>One file as <c>dotnet run tool.cs</c> takes it, without packages.</summary>
    public const string CSharp = "csharp";
    public const string Python = "python";
    public const string Shell = "shell";

    public static IReadOnlyList<string> All { get; } = [CSharp, Python, Shell];

    /// <summary>Name of the source's file.</summary>
    public static string FileName(string language) => language switch
    {
        CSharp => "tool.cs",
        Python => "tool.py",
        _ => "tool.sh",
    };
}

public static class ToolFiles
{
    /// <summary>It does not see the workspace.</summary>
    public const string None = "none";

    /// <summary>It may read the workspace of the attempt that calls it.</summary>
    public const string Read = "read";

    /// <summary>It may change it, git's own files excepted.</summary>
    public const string Write = "write";

    public static IReadOnlyList<string> All { get; } = [None, Read, Write];
}

/// <summary>All that makes a version of a tool. What is approved is the hash of all of it.</summary>
public sealed record ToolPackage
{
    public required ToolManifest Manifest { get; init; }

    /// <summary>One file. It reads a JSON object from standard input and writes one to standard output; it fails by a non-zero exit code, with the reason on standard error.</summary>
    public required string Source { get; init; }
    public required IReadOnlyList<ToolTest> Tests { get; init; }
}

// The hash covers these records as they are written: what is added to them later must be left out of the JSON when it is not set.
public sealed record ToolManifest
{
    /// <summary>2 to 40 lower-case letters, digits and '-'.</summary>
    public required string Name { get; init; }

    /// <summary>What it does and when to use it, for the models that choose.</summary>
    public required string Description { get; init; }

    /// <summary>One of <see cref="ToolLanguages"/>.</summary>
    public required string Language { get; init; }

    /// <summary>JSON schema of an object; the keywords of <see cref="JsonShape"/>.</summary>
    public required JsonElement InputSchema { get; init; }
    public required JsonElement OutputSchema { get; init; }
    public ToolPermissions Permissions { get; init; } = new();
    public ToolLimits Limits { get; init; } = new();
}

/// <summary>What it may touch beside its input. The sandbox has nothing else.</summary>
public sealed record ToolPermissions
{
    /// <summary>One of <see cref="ToolFiles"/>.</summary>
    public string Files { get; init; } = ToolFiles.None;

    /// <summary>Hosts it may speak to by HTTP or HTTPS, as <c>name</c> or <c>name:port</c>.</summary>
    public IReadOnlyList<string> Network { get; init; } = [];

    /// <summary>Programs it may start beside the usual ones for text and files.</summary>
    public IReadOnlyList<string> Programs { get; init; } = [];

    /// <summary>Whether it asks for nothing.</summary>
    public static bool IsNone(ToolPermissions permissions) => permissions is { Files: ToolFiles.None, Network.Count: 0, Programs.Count: 0 };
}

public sealed record ToolLimits
{
    /// <summary>Seconds one call may take, 1 to 300.</summary>
    public int Seconds { get; init; } = 10;

    /// <summary>Bytes of output, 1 to 1000000.</summary>
    public int OutputBytes { get; init; } = 64 * 1024;

    /// <summary>MiB of memory that it and all it starts may use, 32 to 2048.</summary>
    public int MemoryMb { get; init; } = 256;
}

/// <summary>One case: an input, and what must come of it.</summary>
public sealed record ToolTest
{
    public required string Name { get; init; }
    public required JsonElement Input { get; init; }

    /// <summary>Exactly this output; or <see cref="Fails"/>.</summary>
    public JsonElement? Output { get; init; }

    /// <summary>Text that the reason of the failure holds, when it must fail; empty for any.</summary>
    public string? Fails { get; init; }

    /// <summary>Text files of the workspace, by relative path, for a tool that may see it.</summary>
    public IReadOnlyDictionary<string, string>? Files { get; init; }
}

/// <summary>Programs that a tool finds in its sandbox without asking: they work on text and files, and reach no further than the tool itself.</summary>
public static class ToolPrograms
{
    public static IReadOnlyList<string> Usual { get; } =
    [
        "awk", "base64", "basename", "bash", "cat", "comm", "cp", "cut", "date", "diff", "dirname", "echo", "env", "expr", "false", "find", "fold", "grep", "egrep", "fgrep", "head", "jq", "join", "ls", "mkdir", "mktemp",
        "mv", "nl", "od", "paste", "printf", "pwd", "rm", "rmdir", "sed", "seq", "sh", "sha256sum", "md5sum", "sleep", "sort", "split", "tac", "tail", "tee", "test", "touch", "tr", "true", "uniq", "wc", "xargs", "yes",
    ];
}
