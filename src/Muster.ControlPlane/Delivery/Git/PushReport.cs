using System.Text;

namespace Muster.ControlPlane.Delivery.Git;

/// <summary>The answer to a push in git's own form, so that the pusher sees each ref's refusal where git shows refusals. Pure.</summary>
public static class PushReport
{
    /// <summary>Refuses every ref; those without a reason of their own because of the others.</summary>
    public static byte[] Refuse(PushCommands push, Func<PushCommand, string?> reason)
    {
        var report = new MemoryStream();
        Line(report, "unpack ok\n");
        foreach (var command in push.Commands) Line(report, $"ng {command.Ref} {OneLine(reason(command) ?? "refused together with the others")}\n");
        report.Write("0000"u8);
        if (!push.Capabilities.Contains("side-band-64k")) return report.ToArray();

        var framed = new MemoryStream();
        var bytes = report.ToArray();
        for (var at = 0; at < bytes.Length; at += 60_000)
        {
            var part = bytes.AsSpan(at, Math.Min(60_000, bytes.Length - at));
            framed.Write(Encoding.ASCII.GetBytes((part.Length + 5).ToString("x4")));
            framed.WriteByte(1);
            framed.Write(part);
        }

        framed.Write("0000"u8);
        return framed.ToArray();
    }

    private static void Line(MemoryStream to, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        to.Write(Encoding.ASCII.GetBytes((bytes.Length + 4).ToString("x4")));
        to.Write(bytes);
    }

    private static string OneLine(string text)
    {
        var line = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
        return line.Length <= 300 ? line : line[..297] + "...";
    }
}
