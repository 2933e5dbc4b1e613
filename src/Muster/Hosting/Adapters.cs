using Muster.Integrations.Connections;
using Muster.Integrations.Nats;
using Muster.Integrations.Redis;

namespace Muster.Hosting;

/// <summary>
/// The systems that a plane stands on, as they were named: on the command line, else in the environment, else in
/// config.json. The texts may hold passwords and are never shown as they are.
/// </summary>
internal sealed record Adapters
{
    public string? Store { get; init; }
    public string? Bus { get; init; }
    public string? State { get; init; }

    public static Adapters FromEnvironment() => new() { Store = Variable("MUSTER_STORE"), Bus = Variable("MUSTER_BUS"), State = Variable("MUSTER_STATE") };

    public static Adapters Of(PlaneConfig config) => new() { Store = config.Store, Bus = config.Bus, State = config.State };

    public Adapters Over(Adapters other) => new() { Store = Store ?? other.Store, Bus = Bus ?? other.Bus, State = State ?? other.State };

    /// <summary>Every fault at once, each with what to do, and without secrets. The store says its own when it is opened.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        Check(Bus, "bus", text => NatsOptions.Parse(text));
        Check(State, "state", text => RedisOptions.Parse(text));
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

    // By the variable, or by a file that NAME_FILE names.
    private static string? Variable(string name) => Secret.FromEnvironment(name);
}
