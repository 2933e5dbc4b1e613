using Muster.Integrations.Connections;
using Muster.Integrations.Nats;

namespace Muster.Hosting;

/// <summary>What a plane is connected with beyond its own process, as it was said: on the command line, else in the environment, else in config.json.</summary>
internal sealed record Adapters
{
    /// <summary>NATS servers; may hold a password, so it is never shown as it is.</summary>
    public string? Bus { get; init; }

    public static Adapters FromEnvironment() => new() { Bus = Variable("MUSTER_BUS") };

    public Adapters Over(Adapters other) => new() { Bus = Bus ?? other.Bus };

    public Adapters Over(PlaneConfig config) => Over(new Adapters { Bus = config.Bus });

    /// <summary>Every fault at once, each with what to do, and without secrets.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        Check(Bus, "bus", text => NatsOptions.Parse(text));
        return faults;

        void Check(string? text, string name, Action<string> parse)
        {
            try
            {
                if (text is not null) parse(text);
            }
            catch (AddressException wrong)
            {
                faults.Add($"--{name} (MUSTER_{name.ToUpperInvariant()}, or {name} in config.json): {wrong.Message}");
            }
        }
    }

    // A variable that is set and empty is how scripts unset one.
    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
