using System.CommandLine;
using Muster.Terminals;

namespace Muster.Commands;

/// <summary>Puts a command together in one expression.</summary>
internal static class CommandExtensions
{
    public static Command With(this Command command, params Symbol[] parts)
    {
        foreach (var part in parts)
        {
            switch (part)
            {
                case Command verb:
                    command.Subcommands.Add(verb);
                    break;
                case Argument argument:
                    command.Arguments.Add(argument);
                    break;
                case Option option:
                    command.Options.Add(option);
                    break;
            }
        }

        return command;
    }

    /// <summary>What the command does; the result is the exit code.</summary>
    public static Command Does(this Command command, Func<Call, Task<int>> body)
    {
        command.SetAction(async (parsed, stop) =>
        {
            using var call = new Call(parsed, Terminal.ForProcess(parsed.GetValue(Globals.Json)), stop);
            return await body(call);
        });
        return command;
    }

    public static Command Does(this Command command, Func<Call, Task> body) => command.Does(async call =>
    {
        await body(call);
        return ExitCodes.Done;
    });
}
