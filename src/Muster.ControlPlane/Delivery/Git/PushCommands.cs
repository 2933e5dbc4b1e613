using System.Globalization;
using System.Text;

namespace Muster.ControlPlane.Delivery.Git;

/// <summary>One ref that a push wants to change.</summary>
public sealed record PushCommand(string Old, string New, string Ref)
{
    public bool Deletes => GitText.IsZero(New);
}

/// <summary>The head of a push as git sends it: the commands, before the pack. Read by us, so that what is refused never reaches git.</summary>
public sealed record PushCommands(IReadOnlyList<PushCommand> Commands, IReadOnlySet<string> Capabilities, byte[] Bytes)
{
    private const int MaxBytes = 256 * 1024;

    /// <summary>Reads up to the flush that ends the commands. Throws <see cref="FormatException"/> on anything that is not git's protocol.</summary>
    public static async Task<PushCommands> ReadAsync(Stream body, CancellationToken ct)
    {
        var bytes = new MemoryStream();
        var commands = new List<PushCommand>();
        var capabilities = new HashSet<string>(StringComparer.Ordinal);
        var length = new byte[4];
        while (true)
        {
            await body.ReadExactlyAsync(length, ct);
            bytes.Write(length);
            if (!int.TryParse(Encoding.ASCII.GetString(length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var size)) throw new FormatException("A line's length is no number.");
            if (size == 0) break;
            if (size < 5 || bytes.Length + size > MaxBytes) throw new FormatException("The list of refs is not well-formed or too long.");
            var line = new byte[size - 4];
            await body.ReadExactlyAsync(line, ct);
            bytes.Write(line);
            Parse(Encoding.UTF8.GetString(line), commands, capabilities);
        }

        return new PushCommands(commands, capabilities, bytes.ToArray());
    }

    private static void Parse(string line, List<PushCommand> commands, HashSet<string> capabilities)
    {
        var zero = line.IndexOf('\0', StringComparison.Ordinal);
        if (zero >= 0)
        {
            capabilities.UnionWith(line[(zero + 1)..].Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
            line = line[..zero];
        }

        line = line.TrimEnd('\n');
        // What a shallow clone tells of its borders; git judges it.
        if (line.StartsWith("shallow ", StringComparison.Ordinal)) return;
        var parts = line.Split(' ', 3);
        if (parts.Length != 3 || !GitText.IsCommit(parts[0]) || !GitText.IsCommit(parts[1])) throw new FormatException("A ref's line is not 'old new name'.");
        commands.Add(new PushCommand(parts[0], parts[1], parts[2]));
    }
}
