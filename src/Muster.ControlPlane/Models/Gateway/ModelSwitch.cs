using Dapper;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Models.Gateway;

/// <summary>Somebody switched all models off or on: what is under way ends, who waits may look again.</summary>
public sealed record ModelsSwitched(bool Off) : Signal;

/// <summary>The one switch for all models (B7). Read in the transaction that admits a call, so that off is off.</summary>
public static class ModelSwitch
{
    public static void Require(StoreTransaction tx)
    {
        if (tx.QueryFirst<SwitchRow>("SELECT * FROM model_switch WHERE id = 1") is { IsOff: true } row)
            throw new Refusal(503, ProblemCodes.ModelsOff, $"All models are switched off{(row.Reason is null ? "" : $" ({row.Reason.TrimEnd('.')})")}. `muster models on` switches them on again.")
            {
                RetryAfter = TimeSpan.FromMinutes(1),
            };
    }

    public static Task<SwitchRow> ReadAsync(Store store, CancellationToken ct) => store.ReadAsync(c => c.QueryFirstAsync<SwitchRow>("SELECT * FROM model_switch WHERE id = 1"), ct);

    public static SwitchRow Set(StoreTransaction tx, bool off, string? reason, string by)
    {
        var before = tx.QueryFirst<SwitchRow>("SELECT * FROM model_switch WHERE id = 1")!;
        var row = new SwitchRow { IsOff = off, Reason = off ? reason : null };
        if (before.IsOff == off && before.Reason == row.Reason) return before;
        tx.ExecuteOne("UPDATE model_switch SET is_off = @off, reason = @Reason, changed_by = @by, changed_at = @Now WHERE id = 1", new { off, row.Reason, by, tx.Now });
        tx.Emit(EventTypes.ModelsSwitched, off ? $"{by} switched all models off{(reason is null ? "" : ": " + reason)}" : $"{by} switched models on again", data: new { off, reason });
        tx.Notify(new ModelsSwitched(off));
        return row;
    }

    public sealed record SwitchRow
    {
        public bool IsOff { get; init; }
        public string? Reason { get; init; }
    }
}
