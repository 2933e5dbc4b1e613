using System.Globalization;
using Muster.Client;
using Muster.Contracts.Delivery;

namespace Muster.Commands;

/// <summary>Finds a pull request by what a person calls it: <c>KEY!3</c>, its task's key, or its id.</summary>
internal static class PullLookup
{
    public static async Task<PullInfo> FindAsync(MusterClient muster, string name, CancellationToken ct)
    {
        var mark = name.IndexOf('!', StringComparison.Ordinal);
        if (mark > 0 && int.TryParse(name.AsSpan(mark + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            await foreach (var pull in MusterClient.EnumerateAsync(cursor => muster.ListPullsAsync(project: name[..mark], cursor: cursor, ct: ct)))
                if (pull.Number == number) return pull;
            throw new CommandException($"There is no pull request {name}.", "muster review list shows them.");
        }

        if (Guid.TryParse(name, out _)) return await muster.GetPullAsync(name, ct);
        var ofTask = await muster.ListPullsAsync(task: name, limit: 1, ct: ct);
        return ofTask.Items.Count > 0 ? ofTask.Items[0] : throw new CommandException($"{name} has no pull request.", "muster review list shows them.");
    }
}
