using Microsoft.Extensions.DependencyInjection;
using Muster.ControlPlane.Storage;
using Muster.Integrations.Connections;
using Muster.Integrations.Nats;
using Muster.Integrations.Postgres;
using Muster.Integrations.Redis;

namespace Muster.Hosting;

/// <summary>
/// The systems that a plane stands on, as they were named: on the command line, else in the environment, else in
/// config.json. The texts may hold passwords and are never shown as they are.
/// </summary>
internal sealed record Adapters
{
    private const string OfTheStore = "postgres";

    public string? Store { get; init; }
    public string? Bus { get; init; }
    public string? State { get; init; }

    /// <summary>Folder that all planes of one store see: mirrors, artifacts, logs of attempts.</summary>
    public string? Shared { get; init; }

    public static Adapters FromEnvironment() => new() { Store = Variable("MUSTER_STORE"), Bus = Variable("MUSTER_BUS"), State = Variable("MUSTER_STATE"), Shared = Variable("MUSTER_SHARED") };

    public static Adapters Of(PlaneConfig config) => new() { Store = config.Store, Bus = config.Bus, State = config.State, Shared = config.Shared };

    public Adapters Over(Adapters other) => new() { Store = Store ?? other.Store, Bus = Bus ?? other.Bus, State = State ?? other.State, Shared = Shared ?? other.Shared };

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
                if (text is not null && Database(text) is null) parse(text);
            }
            catch (Exception wrong) when (wrong is AddressException or StoreUnusableException)
            {
                faults.Add($"--{name} (MUSTER_{name.ToUpperInvariant()}, or {name} in config.json): {wrong.Message}");
            }
        }
    }

    /// <summary>
    /// Adds bus and state. Planes on one PostgreSQL hear each other through it unless told otherwise, which costs nothing while
    /// nobody speaks; a state in it would cost writes, so that is asked for.
    /// </summary>
    public void AddTo(IServiceCollection services)
    {
        var bus = Bus ?? (Store is { } store && PostgresAddress.IsOne(store) ? OfTheStore : null);
        if (bus is not null)
            _ = Database(bus) is { } database ? services.AddPostgresBus(database) : services.AddNatsBus(NatsOptions.Parse(bus));
        if (State is not null)
            _ = Database(State) is { } database ? services.AddPostgresState(database) : services.AddRedisState(RedisOptions.Parse(State));
    }

    /// <summary>The database that an address, or the word for the store's own, names; null when it names none.</summary>
    private PostgresAddress? Database(string text)
    {
        if (text != OfTheStore) return PostgresAddress.IsOne(text) ? PostgresAddress.Parse(text) : null;
        return Store is { } store && PostgresAddress.IsOne(store)
            ? PostgresAddress.Parse(store)
            : throw new AddressException($"'{OfTheStore}' means the store's own database, and the store is none; name one, such as postgres://USER:PASSWORD@HOST:5432/DATABASE.");
    }

    // By the variable, or by a file that NAME_FILE names.
    private static string? Variable(string name) => Secret.FromEnvironment(name);
}
