using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Muster.ControlPlane.Backups;
using Muster.ControlPlane.Storage;

namespace Muster.Backups;

/// <summary>Backups that a plane makes by itself, as its settings say.</summary>
internal static class ScheduledBackups
{
    public static void AddScheduledBackups(this IServiceCollection services, Installation installation, BackupOptions options)
    {
        if (options.To is not { Length: > 0 } to) return;
        services.AddHostedService(s => new BackupKeeper(
            new TakeBackup(installation.Rows, installation.Repositories, installation.Folder, s.GetRequiredService<TimeProvider>(), installation.Common),
            () => Places.Open(to),
            options,
            s.GetRequiredService<BackupState>(),
            leads: () => s.GetRequiredService<Store>().Leadership.IsHeld,
            s.GetRequiredService<Store>(),
            s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILogger<BackupKeeper>>()));
    }
}
