namespace Muster.Proof.Simulation;

/// <summary>Between callers and plane: delays, loses, doubles and so reorders what is asked and what is answered.</summary>
internal sealed class Network(World world, Random random)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Fair weather: everything arrives, soon, once.</summary>
    public bool Fair { get; set; }

    /// <summary>Sends a call, again when no answer comes, and says in the end what was answered; null when nobody knows.</summary>
    public void Send(SimCall call, int tries, Action<SimAnswer?> done)
    {
        var over = false;
        Transmit(call, Once);
        world.After(Patience, () =>
        {
            if (over) return;
            over = true;
            if (tries > 0) Send(call, tries - 1, done);
            else done(null);
        });

        void Once(SimAnswer answer)
        {
            if (over) return;
            over = true;
            done(answer);
        }
    }

    private void Transmit(SimCall call, Action<SimAnswer> arrived)
    {
        if (!Fair && random.Next(100) < 4) return;
        var copies = !Fair && random.Next(100) < 6 ? 2 : 1;
        for (var copy = 0; copy < copies; copy++)
            world.After(Delay(), async () =>
            {
                if (await world.ArriveAsync(call) is { } answer && (Fair || random.Next(100) >= 4)) world.After(Delay(), () => arrived(answer));
            });
    }

    private TimeSpan Delay() => TimeSpan.FromMilliseconds(!Fair && random.Next(100) < 8 ? random.Next(300, 6000) : random.Next(1, 60));
}
