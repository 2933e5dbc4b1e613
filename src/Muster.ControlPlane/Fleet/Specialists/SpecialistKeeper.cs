using Dapper;
using Muster.ControlPlane.Delivery;
using Muster.ControlPlane.Fleet.Roles;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Fleet.Specialists;

/// <summary>
/// Keeps the files of specialists' roles as the store says, and ends those whose life is over. The store is the truth: a file that was
/// lost is written anew, one whose specialist is retired goes.
/// </summary>
public sealed class SpecialistKeeper(Store store, RoleCatalog roles, TimeProvider time, ILogger<SpecialistKeeper> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(15);

    /// <summary>Makes the files what they should be; at once, for whoever has just made a specialist.</summary>
    public async Task SyncAsync(CancellationToken ct)
    {
        var wanted = (await store.ReadAsync(c => c.QueryAsync<(string Name, string Text)>("SELECT name, role_text FROM specialists WHERE state = 'active'"), ct)).ToDictionary(r => r.Name, r => r.Text, StringComparer.Ordinal);
        var folder = roles.Specialists;
        var changed = false;
        foreach (var file in Directory.Exists(folder) ? Directory.GetFiles(folder, "*.md") : [])
        {
            if (wanted.TryGetValue(Path.GetFileNameWithoutExtension(file), out var text) && await File.ReadAllTextAsync(file, ct) == text)
            {
                wanted.Remove(Path.GetFileNameWithoutExtension(file));
                continue;
            }

            File.Delete(file);
            changed = true;
        }

        foreach (var (name, text) in wanted)
        {
            Directory.CreateDirectory(folder);
            var half = Path.Combine(folder, $"{name}.{Guid.CreateVersion7():n}.new");
            await File.WriteAllTextAsync(half, text, ct);
            File.Move(half, Path.Combine(folder, name + ".md"), overwrite: true);
            changed = true;
        }

        if (changed) roles.Look();
    }

    /// <summary>Ends what is over, then looks at the files.</summary>
    public async Task StepAsync(CancellationToken ct)
    {
        await store.WriteAsync(RetireSpecialists.Due, ct);
        await SyncAsync(ct);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => store.Leadership.RunAsync(term => Steadily.RunAsync(async ct =>
    {
        await StepAsync(ct);
        await Task.Delay(Period, time, ct);
    }, "Looking after specialists", logger, time, term), stoppingToken);
}
