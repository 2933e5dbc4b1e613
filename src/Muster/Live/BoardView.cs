using Muster.Contracts.Events;
using Muster.Contracts.Work;
using Muster.Terminals;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Muster.Live;

/// <summary>Tasks, agents and the newest events as one picture.</summary>
internal sealed class BoardView
{
    private const int RecentLines = 8;
    private readonly Queue<EventInfo> _recent = new();

    public void Add(EventInfo happened)
    {
        if (EventText.IsDetail(happened)) return;
        _recent.Enqueue(happened);
        if (_recent.Count > RecentLines) _recent.Dequeue();
    }

    public IRenderable Render(Snapshot now, int height)
    {
        // Whatever does not fit would scroll, and a live picture that scrolls cannot be read.
        var room = Math.Max(4, height - RecentLines - now.Agents.Count - 8);
        return new Rows(TaskTable(now, room), AgentLine(now), new Rows(_recent.Select(RecentLine)));
    }

    private static Table TaskTable(Snapshot now, int room)
    {
        var table = new Table().Border(TableBorder.Simple).Expand();
        foreach (var heading in new[] { "task", "title", "state", "%", "agent", "tries", "waits for" }) table.AddColumn(new TableColumn(new Text(heading, Style(Tone.Faint))));
        var shown = now.Tasks.Count <= room ? now.Tasks : [.. now.Tasks.OrderBy(task => task.Status is TaskState.Done or TaskState.Cancelled).Take(room)];
        foreach (var task in shown)
        {
            table.AddRow(Cell(task.Key), Cell(Plain.Fit(task.Title, 44)), Cell(task.Status, Tones.OfState(task.Status)), Cell(Bar(task)),
                Cell(task.Rehearsal ? $"{task.Agent} (rehearsal)" : task.Agent), Cell($"{task.Attempts}"), Cell(task.WaitingOn.Count > 0 ? Plain.Fit(task.WaitingOn[0].Detail, 40) : "", Tone.Faint));
        }

        if (shown.Count < now.Tasks.Count) table.AddRow(Cell(""), Cell($"and {now.Tasks.Count - shown.Count} more", Tone.Faint));
        return table;
    }

    private static Rows AgentLine(Snapshot now) => new(now.Agents.Select(agent =>
        (IRenderable)new Text($"  {Plain.Line(agent.Name),-12} {agent.Health,-8} {string.Join(' ', agent.Tasks),-10} {Plain.Fit(agent.LastError, 70)}", Style(Tones.OfState(agent.Health)))));

    private static Text RecentLine(EventInfo happened) => new($"  {EventText.Line(happened)}", Style(EventText.ToneOf(happened))) { Overflow = Overflow.Ellipsis };

    private static string Bar(TaskInfo task)
    {
        var filled = Math.Clamp(task.PercentComplete / 10, 0, 10);
        return task.Status == TaskState.Done ? "##########" : string.Concat(new string('#', filled), new string('.', 10 - filled));
    }

    private static Text Cell(string? text, Tone tone = Tone.None) => new(Plain.Line(text), Style(tone)) { Overflow = Overflow.Ellipsis };

    private static Style Style(Tone tone) => tone switch
    {
        Tone.Good => new Style(Color.Green),
        Tone.Bad => new Style(Color.Red),
        Tone.Warn => new Style(Color.Yellow),
        Tone.Busy => new Style(Color.Aqua),
        Tone.Faint => new Style(decoration: Decoration.Dim),
        Tone.Strong => new Style(decoration: Decoration.Bold),
        _ => Spectre.Console.Style.Plain,
    };
}
