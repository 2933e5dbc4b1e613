using System.Text.Json;
using Muster.Runner.Builtin.Tools;
using Muster.Runner.Profiles.Output;

namespace Muster.Runner.Acp;

/// <param name="Option">The option that is chosen; null when the program offers none that fits.</param>
/// <param name="Why">Why it is refused; null when it is allowed.</param>
internal sealed record AcpDecision(string? Option, string? Why);

/// <summary>
/// What a program that asks may do: work inside the attempt's folder. Nothing that names a place outside it, nothing from the web, no
/// change of its own mode. Decided by what it says it will do; what it then does is held by the sandbox, where there is one.
/// </summary>
internal static class AcpPermissions
{
    private static readonly string[] PathNames = ["path", "filePath", "filepath", "file_path", "abs_path", "cwd", "workdir", "parentDir", "directory"];

    public static AcpDecision Decide(AttemptFolder folder, JsonElement request)
    {
        var call = request.At("toolCall");
        var why = call.Text("kind") switch
        {
            "fetch" => "nothing is fetched from the web",
            "switch_mode" => "its mode is not for it to change",
            _ => Outside(folder, call),
        };
        return why is null ? new AcpDecision(Option(request, "allow_once", "allow_always"), null) : new AcpDecision(Option(request, "reject_once", "reject_always"), why);
    }

    private static string? Outside(AttemptFolder folder, JsonElement call)
    {
        var input = call.At("rawInput");
        var named = call.Items("locations").Select(location => location.Text("path"))
            .Concat(PathNames.Select(name => input.Text(name)))
            .Concat(call.Items("content").Where(content => content.Text("type") == "diff").Select(content => content.Text("path")))
            .Where(path => path.Length > 0);
        return named.Select(path => Refusal(folder, path)).FirstOrDefault(refusal => refusal is not null);
    }

    private static string? Refusal(AttemptFolder folder, string path)
    {
        try
        {
            folder.Resolve(path);
            return null;
        }
        catch (ToolFailureException refused)
        {
            return refused.Message;
        }
    }

    private static string? Option(JsonElement request, params ReadOnlySpan<string> kinds)
    {
        foreach (var kind in kinds)
        {
            var option = request.Items("options").FirstOrDefault(option => option.Text("kind") == kind).Text("optionId");
            if (option.Length > 0) return option;
        }

        return null;
    }
}
