using System.Text.Json;
using Muster.Contracts.Work;

namespace Muster.ControlPlane.Work;

/// <summary>A row of <c>epics</c>.</summary>
public sealed record EpicRow
{
    public string Id { get; init; } = "";
    public string ProjectId { get; init; } = "";
    public int Number { get; init; }
    public string Title { get; init; } = "";
    public string? GateEpics { get; init; }
    public int? GatePercent { get; init; }
    public bool GateOpen { get; init; }
    public int Tasks { get; init; }
    public int TasksDone { get; init; }
    public long Minutes { get; init; }
    public long MinutesDone { get; init; }

    public Gate? Gate => GateEpics is null ? null : new Gate { Epics = JsonSerializer.Deserialize<int[]>(GateEpics)!, Percent = GatePercent!.Value };

    public EpicInfo ToInfo() => new()
    {
        Id = Id,
        ProjectId = ProjectId,
        Number = Number,
        Title = Title,
        Gate = Gate,
        GateOpen = GateOpen,
        Tasks = Tasks,
        TasksDone = TasksDone,
        Hours = Minutes / 60.0,
        HoursDone = MinutesDone / 60.0,
        Percent = Math.Round(Minutes > 0 ? 100.0 * MinutesDone / Minutes : Tasks > 0 ? 100.0 * TasksDone / Tasks : 0, 1),
    };
}
