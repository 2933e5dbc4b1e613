using System.Collections;
using System.CommandLine;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Muster.Commands;
using Muster.ControlPlane;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Conversations;
using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Fleet;
using Muster.ControlPlane.Tools;
using Muster.Hosting;

namespace Muster.Tests.Reference;

/// <summary>docs/configuration.md, written from the options themselves: their names, types, defaults and comments.</summary>
internal static partial class ConfigurationReference
{
    private static readonly Dictionary<Type, (string Source, object Defaults)> Sections = new()
    {
        [typeof(PlaneConfig)] = ("src/Muster/Hosting/PlaneConfig.cs", new ControlPlaneOptions { DataFolder = "" }),
        [typeof(DeliveryOptions)] = ("src/Muster.ControlPlane/Delivery/DeliveryOptions.cs", new DeliveryOptions()),
        [typeof(ChiefOptions)] = ("src/Muster.ControlPlane/Conversations/ChiefOptions.cs", new ChiefOptions()),
        [typeof(FleetOptions)] = ("src/Muster.ControlPlane/Fleet/FleetOptions.cs", new FleetOptions()),
        [typeof(ToolOptions)] = ("src/Muster.ControlPlane/Tools/ToolOptions.cs", new ToolOptions()),
        [typeof(BackupOptions)] = ("src/Muster.ControlPlane/Backups/BackupOptions.cs", new BackupOptions()),
        [typeof(KeepRule)] = ("src/Muster.ControlPlane/Backups/KeepRule.cs", new KeepRule()),
    };

    /// <summary>What each key may be said by instead, nearest first.</summary>
    private static readonly Dictionary<string, string> Elsewhere = new(StringComparer.Ordinal)
    {
        ["store"] = "`--store`, `MUSTER_STORE`",
        ["bus"] = "`--bus`, `MUSTER_BUS`",
        ["state"] = "`--state`, `MUSTER_STATE`",
        ["shared"] = "`--shared`, `MUSTER_SHARED`",
    };

    public static IReadOnlyList<Command> Commands { get; } = [UpCommand.Create(), UpCommand.CreateServe(), HostCommand.Create(), BackupCommand.Create(), RestoreCommand.Create(), VerifyCommand.Create()];

    public static string Write()
    {
        var text = new StringBuilder("""
            # Configuration

            This page is made from the options themselves (`MUSTER_ACCEPT=1 ./muster test configuration_reference` writes it anew). What is said on the
            command line comes before the environment, and that before `config.json`. [What is kept, and for how long](operations.md#what-is-kept-and-for-how-long).

            ## config.json

            In the plane's data folder, read at the start. Comments are allowed. A key that is not known, or a value out of range, stops the start with
            a sentence that says which.

            | key | type | default | also | what |
            | --- | --- | --- | --- | --- |

            """);
        Keys(text, typeof(PlaneConfig), "");
        text.Append("""

            ## Environment

            Where a file is possible, `NAME_FILE` names a file that holds the value, such as a mounted secret.

            | variable | by file | what |
            | --- | --- | --- |

            """);
        foreach (var variable in Variables.All) text.Append($"| `{variable.Name}` | {(variable.ByFile ? $"`{variable.Name}_FILE`" : "–")} | {variable.What} |\n");
        text.Append("""

            ## Command line

            Of the programs that stay, and of those that operators use. `muster COMMAND --help` tells all others, [command line](command-line.md) too.

            | command | option | default | what |
            | --- | --- | --- | --- |

            """);
        foreach (var option in Globals.All) Flag(text, "every", option);
        foreach (var command in Commands)
            foreach (var option in command.Options) Flag(text, command.Name, option);
        return text.ToString();
    }

    private static void Keys(StringBuilder text, Type type, string prefix)
    {
        var (source, defaults) = Sections[type];
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var key = prefix + JsonNamingPolicy.CamelCase.ConvertName(property.Name);
            var inner = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (Sections.ContainsKey(inner))
            {
                Keys(text, inner, key + ".");
                continue;
            }

            text.Append($"| `{key}` | {Kind(inner)} | {Default(defaults, property.Name)} | {Elsewhere.GetValueOrDefault(key, "")} | {Comment(source, property.Name)} |\n");
        }
    }

    private static void Flag(StringBuilder text, string command, Option option)
    {
        var value = option.HasDefaultValue && option.ValueType != typeof(bool) ? $"`{Convert.ToString(option.GetDefaultValue(), CultureInfo.InvariantCulture)}`" : "";
        text.Append($"| {command} | `{option.Name}{(option.HelpName is { } help ? " " + help : "")}` | {(value == "``" ? "" : value)} | {option.Description} |\n");
    }

    private static string Kind(Type type) => type switch
    {
        _ when type == typeof(string) => "text",
        _ when type == typeof(TimeSpan) => "d.hh:mm:ss",
        _ when type == typeof(int) || type == typeof(long) => "number",
        _ when type == typeof(bool) => "true, false",
        _ when typeof(IEnumerable).IsAssignableFrom(type) => "list",
        _ => throw new InvalidOperationException($"The reference does not know how to call a {type}."),
    };

    private static string Default(object defaults, string name) => defaults.GetType().GetProperty(name)?.GetValue(defaults) switch
    {
        null => "",
        string text => text,
        bool truth => truth ? "`true`" : "`false`",
        IEnumerable list => list.Cast<object>().Any() ? throw new InvalidOperationException($"The reference does not show lists that are not empty: {name}.") : "none",
        IFormattable value => $"`{value.ToString(null, CultureInfo.InvariantCulture)}`",
        var other => other.ToString() ?? "",
    };

    /// <summary>The summary that stands above an option in its source; for what is only passed on, above the option it is passed to.</summary>
    private static string Comment(string source, string name)
    {
        foreach (var file in (string[])[source, "src/Muster.ControlPlane/Operations/ControlPlaneOptions.cs"])
        {
            var found = Summary(name).Match(Sources.Read(file));
            if (found.Success) return Tags().Replace(found.Groups[1].Value, m => m.Groups["code"].Success ? $"`{m.Groups["code"].Value}`" : $"`{JsonNamingPolicy.CamelCase.ConvertName(m.Groups["see"].Value)}`").Replace("|", "\\|", StringComparison.Ordinal);
        }

        throw new InvalidOperationException($"The option {name} in {source} has no summary, and so no line in the reference: write one.");
    }

    private static Regex Summary(string name) => new(@"/// <summary>([^\n]*)</summary>\n(?:\s*\[[^\n]*\]\n)*\s*public (?:required )?[\w<>?\[\]]+ " + name + @" \{", RegexOptions.None, TimeSpan.FromSeconds(5));

    [GeneratedRegex("<c>(?<code>[^<]*)</c>|<see cref=\"(?<see>[^\"]*)\"/>", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Tags();
}
