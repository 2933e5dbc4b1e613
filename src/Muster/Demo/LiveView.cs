using Muster.Contracts.Events;
using Muster.Live;
using Muster.Terminals;
using Spectre.Console;

namespace Muster.Demo;

/// <summary>A picture that is drawn anew whenever something moves.</summary>
internal sealed class LiveView(Terminal terminal) : IDemoView
{
    private readonly BoardView _board = new();
    private readonly SemaphoreSlim _news = new(0);
    private Snapshot? _now;
    private Task? _drawing;
    private volatile bool _pausing;

    public void Happened(EventInfo happened)
    {
        lock (_board) _board.Add(happened);
    }

    public void Say(string text, Tone tone = Tone.None)
    {
        if (_drawing is null) terminal.Line(Plain.Line(text), tone);
        else Happened(new EventInfo { Seq = 0, Id = "", Type = Contracts.Events.EventTypes.CustomPrefix + "demo", Text = text, At = DateTimeOffset.UtcNow });
    }

    public void Show(Snapshot now)
    {
        _now = now;
        _drawing ??= Task.Run(DrawAsync);
        _news.Release();
    }

    public async Task PauseAsync()
    {
        if (_drawing is null) return;
        _pausing = true;
        _news.Release();
        await _drawing;
        _drawing = null;
        _pausing = false;
    }

    public async ValueTask DisposeAsync()
    {
        await PauseAsync();
        _news.Dispose();
    }

    private Task DrawAsync() => AnsiConsole.Live(Picture()).StartAsync(async live =>
    {
        while (!_pausing)
        {
            live.UpdateTarget(Picture());
            await _news.WaitAsync();
        }

        live.UpdateTarget(Picture());
    });

    private Spectre.Console.Rendering.IRenderable Picture()
    {
        lock (_board) return _board.Render(_now!, Console.WindowHeight);
    }
}
