using System.Globalization;

namespace Muster.Bench;

/// <summary>What the command line asks for.</summary>
internal sealed record BenchOptions
{
    public const string Usage =
        """
        ./muster bench [NAME...] [options]    measures Muster beside the raw engines and the queues people know

          --list            what there is to run
          --rounds N        medians of so many rounds (5)
          --sizes A,B,C     backlogs, where growth is the question (1000,10000,100000)
          --quick           two rounds, small figures: does it work, not how fast is it
          --json            the results as one JSON document on standard output
          --only TEXT       only contenders whose name holds this
          --leak [TASKS]    run a million tasks (or so many) through one plane and watch its memory
        """;

    public IReadOnlyList<string> Names { get; init; } = [];
    public int Rounds { get; init; } = 5;
    public IReadOnlyList<int> Sizes { get; init; } = [1_000, 10_000, 100_000];
    public bool Json { get; init; }
    public bool Quick { get; init; }
    public bool List { get; init; }
    public bool Help { get; init; }
    public string? Only { get; init; }
    public int? Leak { get; init; }

    /// <exception cref="FormatException">An option that is none, or lacks its value.</exception>
    public static BenchOptions Parse(string[] args)
    {
        var options = new BenchOptions();
        var rounds = false;
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--list": options = options with { List = true }; break;
                case "--json": options = options with { Json = true }; break;
                case "--quick": options = options with { Quick = true }; break;
                case "--help" or "-h": options = options with { Help = true }; break;
                case "--rounds": options = options with { Rounds = Number(args, ref i) }; rounds = true; break;
                case "--sizes": options = options with { Sizes = [.. Value(args, ref i).Split(',').Select(s => Number(s, "--sizes"))] }; break;
                case "--only": options = options with { Only = Value(args, ref i) }; break;
                case "--leak":
                    options = options with { Leak = i + 1 < args.Length && char.IsAsciiDigit(args[i + 1][0]) ? Number(args, ref i) : 1_000_000, Names = [.. options.Names, "leak"] };
                    break;
                case ['-', ..]: throw new FormatException($"There is no option {args[i]}.");
                default: options = options with { Names = [.. options.Names, args[i]] }; break;
            }
        }

        return options.Quick && !rounds ? options with { Rounds = 2 } : options;
    }

    private static int Number(string[] args, ref int i)
    {
        var name = args[i];
        return Number(Value(args, ref i), name);
    }

    private static int Number(string text, string name) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : throw new FormatException($"{name} takes whole numbers above 0.");

    private static string Value(string[] args, ref int i) => ++i < args.Length ? args[i] : throw new FormatException($"{args[i - 1]} needs a value.");
}
